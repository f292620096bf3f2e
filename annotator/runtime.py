"""What one app process shares: its open store, in the workspace that the settings name."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

from annotator.review_order.ranking import keep_ranking
from annotator.settings import settings
from data.find.current import current_columns
from data.overview.review_columns import standing_reviews
from data.store.opening import Store, open_store

COOKIE = "teletriage"


def workspace() -> Path:
    """The workspace folder that the app works in."""
    return settings().workspace


@cache
def store() -> Store:
    """The open store, one per process; from then on the order of review follows what is said."""
    opened = open_store(workspace(), url=settings().store)
    keep_ranking(opened)
    threading.Thread(target=_read_ahead, args=(opened,), name="reading", daemon=True).start()
    return opened


def _read_ahead(opened: Store) -> None:
    """Read every review, and what frames are found by, before the first lead looks; later looks read what is new."""
    with opened.read() as session:
        standing_reviews(session, now_us=opened.now_us(session))
    current_columns(opened, workspace())
