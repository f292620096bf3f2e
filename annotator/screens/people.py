"""Accounts, for administrators: who signs in as what, was seen when, and ending it. The same acts as
`teletriage people`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from annotator.runtime import store
from annotator.settings import settings
from annotator.widgets.page import empty_state, page_head, plain
from annotator.widgets.tables import figures_table
from annotator.widgets.times import how_long_ago
from data.errors import TeletriageError
from data.people.accounts import (
    add_person,
    change_role,
    disable_person,
    enable_person,
    end_sign_ins,
    set_password,
)
from data.people.passwords import random_password
from data.people.standing import Standing, standings
from data.store.tables import Person
from data.vocabulary import PersonRole

_ROLES = [role.value for role in PersonRole]
_ENDS = {
    False: ("Disable", disable_person, "{} can no longer sign in. What they wrote stays."),
    True: ("Enable", enable_person, "{} can sign in again."),
}
"""What ends an account's access or gives it back, by whether it is disabled."""


_NO_PROVIDER = " No identity provider is set up here; they can sign in once review is started with --oidc."


def show(person: Person) -> None:
    """Every account, and what can be done with each."""
    page_head(person, "People")
    everybody = st.container()
    adding, changing = st.columns(2, gap="large")
    with adding:
        _adding(int(person.id or 0))
    with changing:
        _changing(int(person.id or 0))
    with everybody:  # drawn last: it shows what was just done
        known = standings(store(), int(person.id or 0))
        figures_table([_row(one) for one in known], name="people")
        st.caption(
            "Seen: the last sign-in, or the last act in the audit trail. Failed: attempts to sign in within 24 hours. "
            "Nobody is shut out for longer than a minute: five failed attempts close a name for that long."
        )


def _row(one: Standing) -> dict[str, Any]:
    person = one.person
    return {
        "name": person.name,
        "shown as": person.display_name,
        "role": person.role.value,
        "access": _access(one),
        "seen": how_long_ago(one.last_seen_us, now_us=time.time_ns() // 1_000),
        "open sign-ins": one.open_sign_ins,
        "failed": one.failed_sign_ins,
    }


def _access(one: Standing) -> str:
    if one.person.is_scripted:
        return "never: a script"
    if one.person.is_disabled:
        return "disabled"
    if one.is_locked_out:
        return "locked out for a minute"
    if one.person.temporary_since_us:
        return "has a temporary password"
    return "has a password" if one.person.password_hash else "through the identity provider only"


def _adding(by: int) -> None:
    st.header("Add somebody")
    told = st.container()  # above the form: below its button it would be out of sight
    with st.form("add-person", clear_on_submit=False, border=False):
        name = st.text_input("Name to sign in with", max_chars=64, placeholder="a-z, 0-9 and . _ @ + -")
        shown_as = st.text_input("Name to show (optional)", max_chars=120)
        role = st.selectbox("Role", _ROLES)
        through_provider = st.checkbox("Signs in through the identity provider only")
        if st.form_submit_button("Add"):
            made = None if through_provider else random_password()
            name = name.strip().lower()
            with told:
                _done(
                    lambda: add_person(
                        store(),
                        name,
                        PersonRole(role),
                        password=made,
                        is_temporary=True,
                        display_name=shown_as.strip() or None,
                        by=by,
                    ),
                    f"Added {name} as {role}.{_NO_PROVIDER if through_provider and not settings().oidc else ''}",
                    password=made,
                )


def _changing(by: int) -> None:
    st.header("Change an account")
    told = st.container()
    others = [
        one.person for one in standings(store(), by) if not one.person.is_scripted and one.person.id != by
    ]
    if not others:
        empty_state("Nobody else yet", "Your own account is for another administrator to change.")
        return
    by_name = {one.name: one for one in others}
    chosen = by_name[st.selectbox("Account", list(by_name))]
    name = chosen.name
    left, right = st.columns([60, 40], vertical_alignment="bottom")
    reset, out, end = st.columns([28, 42, 30])
    role = left.selectbox("New role", _ROLES, index=_ROLES.index(chosen.role.value), key=f"role-{name}")
    if right.button("Change the role", width="stretch"):
        with told:
            _done(lambda: change_role(store(), name, PersonRole(role), by=by), f"{name} is now {role}.")
    if reset.button("New password", width="stretch"):
        made = random_password()
        with told:
            _done(
                lambda: set_password(store(), name, made, is_temporary=True, by=by),
                f"{name} has a new password and is signed out everywhere.",
                password=made,
            )
    if out.button("Sign out everywhere", width="stretch"):
        with told:
            _done(lambda: end_sign_ins(store(), name, by=by), f"{name} is signed out everywhere.")
    with told:
        _ending(end.empty(), chosen, by)


def _ending(place: DeltaGenerator, chosen: Person, by: int) -> None:
    """Disable, or enable again; once that is done its opposite stands in the same place."""
    name, is_disabled = chosen.name, chosen.is_disabled
    title, act, told = _ENDS[is_disabled]
    pressed = place.button(title, width="stretch", key=f"{title}-{name}")
    if pressed and _done(lambda: act(store(), name, by=by), told.format(name)):
        opposite = _ENDS[not is_disabled][0]
        place.button(opposite, width="stretch", key=f"{opposite}-{name}")


def _done(act: Callable[[], object], told: str, *, password: str | None = None) -> bool:
    """Do it and say so; whether it could be done. A password is shown by this run alone: nothing keeps it, the next
    click removes it."""
    try:
        act()
    except TeletriageError as error:
        st.html(f'<div class="tt-card" role="alert">{plain(str(error))}</div>')
        return False
    st.html(f'<p role="status" class="tt-told">{plain(told)}</p>')
    if password is not None:
        st.caption(
            "A temporary password, shown this once. Pass it on by another way than the name. It opens one page, "
            "where its owner chooses their own."
        )
        st.code(password, language=None)
    return True
