"""Which of Streamlit's sessions belong to which sign-in: a session's id, and the files made for it, are of use only
with the cookie under which its page ran."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

_MOST = 20_000
"""Sessions remembered; Streamlit itself forgets one minutes after its page has gone."""


class PageSessions:
    """Session ids by the cookie that they belong to. Safe from several threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._holders: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def claim(self, session_id: str, secret: str) -> None:
        """A page of this session runs with this cookie; the first one that it ran with stays."""
        with self._lock:
            self._holders.setdefault(session_id, _digest(secret))
            self._holders.move_to_end(session_id)
            while len(self._holders) > self._most:
                self._holders.popitem(last=False)

    def belongs(self, session_id: str, secret: str) -> bool:
        """Whether a session has run with this cookie; nobody has one that has never run."""
        with self._lock:
            return self._holders.get(session_id) == _digest(secret)


PAGE_SESSIONS = PageSessions()


def claim_this_session(secret: str) -> None:
    """Called by every run of a page."""
    running = get_script_run_ctx()
    if running is not None:
        PAGE_SESSIONS.claim(running.session_id, secret)


def made_for(file_id: str, secret: str) -> bool:
    """Whether one of this sign-in's pages offers this file now. Streamlit keeps that list and shows it nobody."""
    files = Runtime.instance().media_file_mgr._files_by_session_and_coord
    return any(
        file_id in list(offered.values()) and PAGE_SESSIONS.belongs(session_id, secret)
        for session_id, offered in list(files.items())
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
