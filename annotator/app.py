"""The page that Streamlit runs: who is signed in, and which screens that person has."""

from __future__ import annotations

import streamlit as st

from annotator.navigation import navigation_for
from annotator.shell.routes import MARK
from annotator.sign_in.visitor import signed_in_person

person = signed_in_person()
if person is not None:  # else the sign-in has ended since the gate let this run pass, and nothing is shown
    page = navigation_for(person)
    st.set_page_config(page_title=f"{page.title} · teletriage", page_icon=MARK, layout="wide")
    st.logo(str(MARK), size="large")
    page.run()
