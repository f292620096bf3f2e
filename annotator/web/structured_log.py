"""Logs for machines: one JSON object a line, with no secret and no free text.

What a request asked for is its route and never its query, which can hold a signature. What went wrong is the kind of
error and where, never its message, which can hold what somebody wrote.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from streamlit import logger as streamlit_logger

from annotator.settings import settings
from annotator.web.metrics import ERRORS, REQUEST_SECONDS

OURS = (
    "card",
    "monitor",
    "frame",
    "report",
    "sign-in",
    "sign-out",
    "password",
    "provider-sign-in",
    "demo-sign-in",
    "healthz",
    "metrics",
    "oauth2callback",
    "auth",
)
_WITH_ACTS = ("card", "monitor")
_requests = logging.getLogger("annotator.requests")


class JsonLines(logging.Formatter):
    """A record as JSON: time, level, logger, and either the fields of a request or where an error came from."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "from": f"{record.module}:{record.lineno}",
        }
        told.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            told["raised_at"] = [f"{frame.name}:{frame.lineno}" for frame in frames[-5:]]
        return json.dumps(told)


def use_json_logs() -> None:
    """Let everything in this process log JSON, Streamlit included, if `teletriage review --json-logs` asked for it.

    Streamlit gives every logger that it makes later, and uvicorn's when it starts, a handler of its own for text.
    """
    if not settings().json_logs:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.getLogger("annotator").setLevel(logging.INFO)

    def only_json(logger: logging.Logger) -> None:
        logger.handlers, logger.propagate = [handler], False

    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        if logger.handlers or not logger.propagate:  # without either, Python writes text to stderr by itself
            only_json(logger)
    streamlit_logger.setup_formatter = only_json
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_ended


def _thread_ended(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is not None:
        told = (died.exc_type, died.exc_value, died.exc_traceback)
        logging.getLogger("annotator.threads").error("a thread ended", exc_info=told)


def route_of(path: str) -> str | None:
    """The route of one of the app's own addresses, without what it names; None for Streamlit's.

    >>> route_of("/card/sync"), route_of("/monitor/picture/abc.jpg"), route_of("/frame/abc.jpg")
    ('card/sync', 'monitor/picture', 'frame')
    >>> route_of("/_stcore/stream"), route_of("/monitor")
    (None, None)
    """
    first, _, rest = path.strip("/").partition("/")
    if first not in OURS or (first == "monitor" and not rest):  # /monitor itself is a page of Streamlit's
        return None
    act = rest.partition("/")[0]
    return f"{first}/{act}" if first in _WITH_ACTS and act.replace("-", "").isalpha() else first


class RequestLog:
    """ASGI middleware that logs and measures each answer of the app's own routes."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        route = route_of(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self.app(scope, receive, send)
            return
        status = 500
        begun = time.perf_counter()

        async def heard(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, heard)
        finally:
            _told(route, str(scope["method"]), status, time.perf_counter() - begun)


def _told(route: str, method: str, status: int, seconds: float) -> None:
    REQUEST_SECONDS.labels(route).observe(seconds)
    if status >= 500:  # noqa: PLR2004 - the server's own errors
        ERRORS.labels(route).inc()
    fields = {"route": route, "method": method, "status": status, "ms": round(1000 * seconds, 1)}
    _requests.info("request", extra={"fields": fields})
