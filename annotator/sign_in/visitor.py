"""Who is looking at the page: decided from the browser's cookie by the server, on every run."""

from __future__ import annotations

import streamlit as st

from annotator.pictures.signed_addresses import SCREEN_PX, ImageRequest, image_address, image_key
from annotator.runtime import COOKIE, store
from annotator.sign_in.page_sessions import claim_this_session
from data.people.accounts import person_signed_in
from data.store.tables import Person


def signed_in_person() -> Person | None:
    """The person of this browser session, or None. The session is from then on that sign-in's."""
    secret = st.context.cookies.get(COOKIE)
    person = person_signed_in(store(), secret)
    if secret and person is not None:
        claim_this_session(secret)
    return person


def frame_image(person: Person, frame_id: str, *, width_px: int = SCREEN_PX) -> str:
    """The address under which this person's browser can load a frame's image."""
    request = ImageRequest(frame_id, int(person.id or 0), width_px)
    return image_address(image_key(store()), request)
