"""What one app process shares: its workspace and store, named by the environment that `teletriage review` sets."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from annotator.review_order.ranking import keep_ranking
from data.errors import StoreError
from data.overview.review_columns import standing_reviews
from data.review.serving import MODE_SHARES
from data.store.opening import Store, open_store
from data.vocabulary import Mode

WORKSPACE_VARIABLE = "TELETRIAGE_WORKSPACE"
STORE_VARIABLE = "TELETRIAGE_STORE"
MODE_SHARES_VARIABLE = "TELETRIAGE_MODE_SHARES"
COOKIE = "teletriage"


@cache
def workspace() -> Path:
    """The workspace folder that the app works in."""
    return Path(os.environ.get(WORKSPACE_VARIABLE, "workspace")).resolve()


@cache
def store() -> Store:
    """The open store, one per process; from then on the order of review follows what is said."""
    opened = open_store(workspace(), url=os.environ.get(STORE_VARIABLE))
    keep_ranking(opened)
    threading.Thread(target=_read_ahead, args=(opened,), name="reading", daemon=True).start()
    return opened


def _read_ahead(opened: Store) -> None:
    """Read every review before the first lead looks; later looks read only what is new."""
    with opened.read() as session:
        standing_reviews(session, now_us=opened.now_us(session))


@cache
def mode_shares() -> Mapping[Mode, float]:
    """Shares of training frames by mode, as `teletriage review` was told; held-out frames are always blind."""
    return parsed_shares(os.environ.get(MODE_SHARES_VARIABLE, ""))


def parsed_shares(text: str) -> Mapping[Mode, float]:
    """Shares from "decide_first,blind"; what is left of 1 is assisted. The defaults for an empty text.

    >>> {mode.value: share for mode, share in parsed_shares("0.25,0.25").items()}
    {'assisted': 0.5, 'decide_first': 0.25, 'blind': 0.25}
    """
    if not text:
        return MODE_SHARES
    decide_first, blind = (float(part) for part in text.split(","))
    if min(decide_first, blind) < 0 or decide_first + blind > 1:
        raise StoreError(f"Shares of {decide_first} and {blind} must be 0 or more and not above 1 together.")
    return {Mode.ASSISTED: 1 - decide_first - blind, Mode.DECIDE_FIRST: decide_first, Mode.BLIND: blind}
