"""Use case: the head of the audit trail, kept where nobody who owns the database can change it: at the end of a file or
at an address of somebody else's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session, col, select

from data.errors import HeadNotKept, TrailBroken
from data.hashing import canonical_json
from data.store.opening import Store
from data.store.tables import TrailEntry
from data.store.trail_chain import FIRST
from data.text.addresses import without_password

WITHIN_S = 30.0
"""The longest that an address may take, whatever it does meanwhile."""
_SUCCESS = range(200, 300)


class Head(BaseModel):
    """The trail's head at a moment. `at` is the store's time in UTC, `entries` how many the trail had."""

    model_config = ConfigDict(frozen=True)

    at: str
    entries: int = Field(ge=0)
    head: str = Field(pattern="^[0-9a-f]{64}$")

    @property
    def line(self) -> str:
        return canonical_json(self.model_dump()) + "\n"


def current_head(store: Store) -> Head:
    """The hash of the latest entry, which stands for all before it."""
    with store.read() as session:
        last = session.exec(select(TrailEntry).order_by(col(TrailEntry.id).desc()).limit(1)).first()
        at = datetime.fromtimestamp(store.now_us(session) / 1e6, tz=UTC).isoformat(timespec="seconds")
    return Head(at=at, entries=last.id if last else 0, head=last.sha256 if last else FIRST)


def keep_head(store: Store, to: str) -> Head:
    """Append the head to a file, one line each, or post it as JSON to an http address.

    A file's earlier heads must still stand in the trail. Raises TrailBroken where one does not, and HeadNotKept: the
    file cannot be read or written, the address does not take it within `WITHIN_S`.
    """
    if to.startswith(("http://", "https://")):
        head = current_head(store)
        asyncio.run(_post(to, head))
        return head
    file = Path(to)
    require_standing(store, file)
    head = current_head(store)
    _append(file, head)
    return head


def require_standing(store: Store, file: Path) -> int:
    """Look for every head that a file keeps in the trail; returns how many those are. Raises as `keep_head` does."""
    kept = list(_kept(file)) if file.exists() else []
    with store.read() as session:
        for number, head in enumerate(kept, start=1):
            if not _stands(session, head):
                raise TrailBroken(
                    f"The audit trail is no longer the one of {head.at}: its entry {head.entries:,} is not the head in "
                    f"line {number} of {file} ({head.head[:16]}…). Nothing was added to the file."
                )
    return len(kept)


def _stands(session: Session, head: Head) -> bool:
    entry = session.get(TrailEntry, head.entries)
    return (entry.sha256 if entry else FIRST if head.entries == 0 else None) == head.head


def _kept(file: Path) -> Iterator[Head]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise HeadNotKept(f"The heads in {file} cannot be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        try:
            yield Head.model_validate_json(line)
        except ValidationError as error:
            raise HeadNotKept(
                f"Line {number} of {file} is no head of an audit trail; name another file."
            ) from error


def _append(file: Path, head: Head) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, head.line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise HeadNotKept(f"The head cannot be added to {file}: {error.strerror}.") from error


async def _post(url: str, head: Head) -> None:
    """Only the status of the answer is read; it may send whatever it likes."""
    told = without_password(url)
    try:
        async with (
            asyncio.timeout(WITHIN_S),
            httpx.AsyncClient(timeout=WITHIN_S) as client,
            client.stream("POST", url, json=head.model_dump()) as answer,
        ):
            status = answer.status_code
    except TimeoutError as error:
        raise HeadNotKept(f"{told} did not take the head within {WITHIN_S:.0f} s.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise HeadNotKept(
            f"{told} cannot be reached: {str(error).rstrip('.') or type(error).__name__}."
        ) from error
    if status not in _SUCCESS:
        raise HeadNotKept(f"{told} did not take the head: it answered {status}.")
