"""A page of the app as a program sees it: Streamlit's own socket, with a cookie and an origin of one's choice."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from annotator.runtime import COOKIE

WAIT_S = 30.0


def socket_to(
    url: str, *, cookie: str | None = None, origin: str | None = "same", session: str | None = None
) -> ClientConnection:
    """Open a page's socket. Raises websockets' InvalidStatus where it is refused."""
    parts = urlsplit(url)
    headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
    own = f"{parts.scheme}://{parts.netloc}"
    options: dict[str, Any] = {
        "additional_headers": headers,
        "origin": own if origin == "same" else origin,
        "subprotocols": ["streamlit", "xsrf", *([session] if session else [])],
        "max_size": None,
        "proxy": None,
    }
    return connect(f"ws://{parts.netloc}/_stcore/stream", legacy=True, **options)


def fetched(
    url: str,
    path: str,
    *,
    cookie: str | None = None,
    method: str = "GET",
    body: bytes | None = None,
    **headers: str,
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of an answer; a redirect is an answer too."""
    sent = {**({"Cookie": f"{COOKIE}={cookie}"} if cookie else {}), **headers}
    asked = urllib.request.Request(f"{url.rstrip('/')}{path}", data=body, headers=sent, method=method)  # noqa: S310
    try:
        with urllib.request.build_opener(_Stays).open(asked, timeout=WAIT_S) as answer:
            return (
                answer.status,
                answer.read(),
                {name.lower(): value for name, value in answer.headers.items()},
            )
    except urllib.error.HTTPError as error:
        return error.code, error.read(), {name.lower(): value for name, value in error.headers.items()}


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass
class PageSocket:
    """One open page. `widgets`: id by label, `told`: all that the server has sent since the last act, `buttons`: the
    labels of those that it offers."""

    url: str
    cookie: str
    page: str = ""
    session: str | None = None
    widgets: dict[str, str] = field(default_factory=dict)
    told: list[ForwardMsg] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.socket = socket_to(self.url, cookie=self.cookie, session=self.session)
        self.act({})
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, values: dict[str, Any]) -> None:
        """A run with values by the labels of widgets; True presses a button."""
        message = BackMsg()
        message.rerun_script.page_name = self.page
        message.rerun_script.context_info.url = f"{self.url}{self.page}"
        for label, value in values.items():
            state = message.rerun_script.widget_states.widgets.add(id=self.widgets[label])
            if value is True:
                state.trigger_value = True
            else:
                state.string_value = value
        self.socket.send(message.SerializeToString())

    def act(self, values: dict[str, Any]) -> list[ForwardMsg]:
        """Send, and read until the run has finished or the server has closed the socket."""
        self.told, self.buttons = [], []
        until = time.monotonic() + WAIT_S
        try:
            self.send(values)
            while time.monotonic() < until:
                told = ForwardMsg.FromString(self.socket.recv(timeout=WAIT_S))
                self._heard(told)
                if told.WhichOneof("type") == "script_finished":
                    break
        except ConnectionClosed:
            pass
        return self.told

    def _heard(self, told: ForwardMsg) -> None:
        self.told.append(told)
        if told.HasField("new_session"):
            self.session = told.new_session.initialize.session_id or self.session
        if kind := told.delta.new_element.WhichOneof("type"):
            element = getattr(told.delta.new_element, kind)
            if getattr(element, "label", "") and getattr(element, "id", ""):
                self.widgets[element.label] = element.id
                self.buttons += [element.label] if kind == "button" else []

    def text(self) -> str:
        """All that the server has sent, as text."""
        return json.dumps([str(one) for one in self.told])
