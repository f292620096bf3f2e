"""The screen for somebody who is not signed in."""

from __future__ import annotations

from html import escape
from importlib import resources

import streamlit as st

from annotator.runtime import store
from annotator.settings import settings
from annotator.sign_in.identity_provider import ticket
from annotator.widgets.page import plain
from data.errors import SignInRefused
from data.people.provider_sign_in import person_of_claims
from data.store.tables import Person

_REASONS = {
    "refused": "Name or password is wrong.",
    "wait": "Too many attempts with this name. Wait a minute and try again.",
    "provider": "That took too long, or the account is closed. Sign in again.",
}


def show() -> None:
    """A form that the server's own sign-in route takes; the page itself never sees the password."""
    css = resources.files("annotator.widgets").joinpath("look.css").read_text(encoding="utf-8")
    st.html(f"<style>{css}</style>")
    if settings().oidc and st.user.is_logged_in:
        _welcome()
        return
    reason = _REASONS.get(str(st.query_params.get("sign-in", "")))
    alert = f'<p role="alert">{reason}</p>' if reason else ""
    st.html(f'<div class="tt-signin"><h1>teletriage</h1><p>Which vehicles need a human?</p>{alert}</div>')
    if settings().oidc:
        with st.container(horizontal_alignment="center"):
            st.button("Sign in with your organisation", type="primary", on_click=st.login, width=336)
    if settings().passwords:
        st.html(_NAME_FORM)


_NAME_FORM = """
<form class="tt-signin tt-below" method="post" action="sign-in">
  <label for="user">Name</label>
  <input id="user" name="user" autocomplete="username" required autofocus>
  <label for="password">Password</label>
  <input id="password" name="password" type="password" autocomplete="current-password" required>
  <button type="submit">Sign in</button>
</form>
"""


def _welcome() -> None:
    """The provider has said who this is; one press exchanges that for a sign-in, or says why it cannot."""
    try:
        person = person_of_claims(store(), st.user.to_dict())
    except SignInRefused as refused:
        st.html(f'<div class="tt-signin"><h1>teletriage</h1><p role="alert">{plain(str(refused))}</p></div>')
        with st.container(horizontal_alignment="center"):
            st.button("Sign in as somebody else", on_click=st.logout, width=336)
        return
    st.html(_exchange_form(person))


def _exchange_form(person: Person) -> str:
    given = ticket(store().secret("sign-in tickets"), int(person.id or 0), st.context.cookies.to_dict())
    return (
        '<form class="tt-signin" method="post" action="provider-sign-in"><h1>teletriage</h1>'
        f"<p>You are {plain(person.display_name)}.</p>"
        f'<input type="hidden" name="ticket" value="{escape(given)}"><button type="submit">Go on</button></form>'
    )
