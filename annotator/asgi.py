"""The web application: Streamlit's own routes, and beside them sign-in, the card's routes and the signed frame images.

`teletriage review` starts it.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from annotator.monitor.routes import ROUTES as MONITOR_ROUTES
from annotator.pictures import frame_route
from annotator.review_card.routes import ROUTES as CARD_ROUTES
from annotator.security_headers import SecurityHeaders
from annotator.sign_in_routes import sign_in_route, sign_out_route

app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[
        Route("/sign-in", sign_in_route, methods=["POST"]),
        Route("/sign-out", sign_out_route, methods=["POST"]),
        Route("/frame/{frame_id:str}.jpg", frame_route, methods=["GET"]),
        *CARD_ROUTES,
        *MONITOR_ROUTES,
    ],
    middleware=[Middleware(SecurityHeaders)],
)
