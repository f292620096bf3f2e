"""The web application: Streamlit's own routes, and beside them sign-in, the card's routes and the signed frame images.

`teletriage review` starts it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route

from annotator.frame_grid.routes import ROUTES as GRID_ROUTES
from annotator.health import health_route, metrics_route
from annotator.monitor.console.routes import ROUTES as MONITOR_ROUTES
from annotator.pictures.routes import frame_route
from annotator.review_card.routes import ROUTES as CARD_ROUTES
from annotator.screens.report_page import report_route
from annotator.settings import settings
from annotator.settling.routes import ROUTES as SETTLE_ROUTES
from annotator.shell.routes import mark_route
from annotator.sign_in.gate import Gate
from annotator.sign_in.host_cookie import HostCookie
from annotator.sign_in.identity_provider import provider_sign_in_route, provider_start_route
from annotator.sign_in.password import password_page_route, password_route
from annotator.sign_in.routes import demo_sign_in_route, sign_in_page_route, sign_in_route, sign_out_route
from annotator.web.admission import BodyLimit, allowed_hosts
from annotator.web.low_latency import SWITCH_INTERVAL_S, low_latency
from annotator.web.security_headers import SecurityHeaders
from annotator.web.structured_log import RequestLog, use_json_logs

use_json_logs()
sys.setswitchinterval(SWITCH_INTERVAL_S)
PROVIDER_ROUTES = [
    Route("/provider-sign-in", provider_start_route, methods=["GET"]),
    Route("/provider-sign-in", provider_sign_in_route, methods=["POST"]),
]
ROUTES = [
    Route("/sign-in", sign_in_page_route, methods=["GET"]),
    Route("/sign-in", sign_in_route, methods=["POST"]),
    Route("/demo-sign-in", demo_sign_in_route, methods=["POST"]),
    Route("/password", password_page_route, methods=["GET"]),
    Route("/password", password_route, methods=["POST"]),
    Route("/sign-out", sign_out_route, methods=["POST"]),
    Route("/healthz", health_route, methods=["GET"]),
    Route("/metrics", metrics_route, methods=["GET"]),
    Route("/favicon.svg", mark_route, methods=["GET"]),
    Route("/favicon.png", mark_route, methods=["GET"]),
    Route("/frame/{frame_id:str}.jpg", frame_route, methods=["GET"]),
    Route("/report/{name:str}", report_route, methods=["GET"]),
    *CARD_ROUTES,
    *SETTLE_ROUTES,
    *GRID_ROUTES,
    *MONITOR_ROUTES,
    *(PROVIDER_ROUTES if settings().oidc else []),
]
MIDDLEWARE = [
    Middleware(RequestLog),
    Middleware(SecurityHeaders),
    Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(), www_redirect=False),
    Middleware(BodyLimit),
    Middleware(HostCookie),
    Middleware(Gate, own=ROUTES),
]
app = st.App(Path(__file__).with_name("app.py"), routes=ROUTES, middleware=MIDDLEWARE, lifespan=low_latency)
