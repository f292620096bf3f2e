"""The screen for somebody who is not signed in."""

from __future__ import annotations

from importlib import resources

import streamlit as st

_REASONS = {
    "refused": "The name or the password is not right.",
    "wait": "Too many attempts with this name. Wait a minute and try again.",
}


def show() -> None:
    """A form that the server's own sign-in route takes; the page itself never sees the password."""
    reason = _REASONS.get(str(st.query_params.get("sign-in", "")))
    alert = f'<p role="alert">{reason}</p>' if reason else ""
    css = resources.files("annotator.screens").joinpath("look.css").read_text(encoding="utf-8")
    st.html(f"<style>{css}</style>")
    st.html(
        f"""
        <form class="tt-signin" method="post" action="sign-in">
          <h1>teletriage</h1>
          <p>Which vehicles need a human?</p>
          {alert}
          <label for="user">Name</label>
          <input id="user" name="user" autocomplete="username" required autofocus>
          <label for="password">Password</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required>
          <button type="submit">Sign in</button>
        </form>
        """
    )
