"""Who can sign in and as what, for administrators, who change it with `teletriage people`."""

from __future__ import annotations

import streamlit as st

from annotator.runtime import store
from annotator.widgets.page import page_head
from annotator.widgets.tables import figures_table
from data.people.accounts import list_people
from data.store.tables import Person


def show(person: Person) -> None:
    """Every account; nothing can be changed here."""
    page_head(person, "People")
    figures_table([_row(one) for one in list_people(store())], name="people")
    st.caption(
        "The command `teletriage people` adds people, changes what they do, gives new passwords and ends access."
    )


def _row(one: Person) -> dict[str, str]:
    return {"name": one.name, "shown as": one.display_name, "role": one.role.value, "access": _access(one)}


def _access(one: Person) -> str:
    if one.is_scripted:
        return "never: a script"
    if one.is_disabled:
        return "ended"
    return "has a password" if one.password_hash else "through the identity provider only"
