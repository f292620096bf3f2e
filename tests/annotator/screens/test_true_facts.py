"""What screens say as a fact: of a contested frame, of a frame's number, of the demo's people, to who judges blind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from annotator.sign_in.demo_accounts import PEOPLE
from annotator.widgets.page import frame_caption
from data.overview.contested import contested_frames
from data.review.guideline import guideline_text
from data.review.serving import lease_frames
from data.store.opening import Store
from data.vocabulary import PersonRole, Split
from tests.annotator.conftest import Serve
from tests.builders import A, T, a_person, a_store, reviewed


@pytest.fixture
def store(tmp_path: Path, serve: Serve) -> Store:
    made = a_store(tmp_path)
    serve(tmp_path / "workspace")
    return made


def provenance_page(person_id: int, address: str) -> None:
    import streamlit as st

    from annotator.runtime import store
    from annotator.screens import provenance
    from data.store.tables import Person

    st.query_params["of"] = address
    with store().read() as session:
        person = session.get_one(Person, person_id)
    provenance.show(person)


def test_provenance_of_a_contested_frame_claims_no_settlement_and_numbers_it_as_every_screen(
    store: Store,
) -> None:
    ada, ben, lena = a_person(store, "ada"), a_person(store, "ben"), a_person(store, "lena", PersonRole.LEAD)
    served = [one for one in lease_frames(store, ada, n=100) if one.scene.split is Split.TRAIN][-1]
    reviewed(store, ada, served.frame.id, T)
    reviewed(store, ben, served.frame.id, A)
    assert [one.frame.id for one in contested_frames(store)] == [served.frame.id]
    page = AppTest.from_function(provenance_page, args=(lena, served.frame.id), default_timeout=60).run()
    shown = "".join(str(element.proto) for element in page.main)
    assert "Not adjudicated." in shown
    assert "No lead" not in shown
    number = int(frame_caption(served.frame, served.scene).split(" · frame ")[1].split()[0])
    assert f"<th>frame in its scene</th><td>{number}</td>" in shown
    assert "<th>position</th>" not in shown


def test_the_demos_people_have_names_as_people_write_them() -> None:
    assert [one.display_name for one in PEOPLE] == [one.name.capitalize() for one in PEOPLE]


def test_the_guideline_says_nothing_of_how_the_model_errs() -> None:
    """Annotators judge blind with it beside them."""
    assert not re.search(r"too (low|high|often)|(most|more) often", guideline_text())
