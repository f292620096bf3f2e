"""Text and pictures that nobody vouches for: shown as plain text, or set aside with a reason; the queue goes on."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from data.store.opening import Store
from data.store.tables import Dataset, Frame, Lease, ModelRun, Proposal
from data.vocabulary import Mode, ModelRole, SetAside, TriageLevel
from tests.annotator.browser.served import CARD, Desk, RunningApp

MakeDesk = Callable[..., Desk]
HOSTILE = (
    "<script>document.title='owned'</script><img src=https://tracker.invalid/a.png onerror=\"document.title='owned'\">"
    "![beacon](https://tracker.invalid/b.png) [click](javascript:alert(1)) $\\frac{1}{2}$ "
    "\x1b[31mred\x1b[0m a\u202eb c\u200bd <style>body{display:none}</style> <form action=https://tracker.invalid>"
)
INVISIBLE = ("\u202e", "\u200b", "\x1b")


def propose(store: Store, frame: str, *, reasoning: str, thought: str = "") -> None:
    """Give the frame that somebody holds another proposal, from a run that is nobody's teacher."""
    run = f"hostile-{time.monotonic_ns()}"[-16:]
    fields: dict[str, Any] = {"role": ModelRole.ALIGNED, "model": "m", "source": "test", "question_hash": "q"}
    with store.write() as session:
        session.add(ModelRun(id=run, name=run, parameters={}, created_at_us=1, **fields))
        session.flush()
        proposal = Proposal(
            run_id=run,
            frame_id=frame,
            raw="",
            chain_of_thought=thought or None,
            level=TriageLevel.SUPERVISION,
            reasoning=reasoning,
            action=reasoning[:280],
            answered_at_us=1,
        )
        session.add(proposal)
        session.flush()
        session.get_one(Lease, frame).proposal_id = proposal.id


def held(desk: Desk) -> list[str]:
    with desk.app.store.read() as session:
        query = (
            select(Lease.frame_id).where(Lease.person_id == desk.person_id).order_by(col(Lease.leased_at_us))
        )
        return list(session.exec(query))


def replace_picture(app: RunningApp, frame: str, content: bytes) -> None:
    """Put other bytes where a frame's picture is, and forget what was derived from it."""
    with app.store.read() as session:
        row = session.get_one(Frame, frame)
        dataroot = Path(session.exec(select(Dataset.dataroot)).one())
    (dataroot / row.filename).write_bytes(content)
    for derived in (app.workspace / "images").glob(f"{row.image_sha256}-*"):
        derived.unlink()


def huge_png(side: int = 50_000) -> bytes:
    """A PNG that says it is 50,000 pixels wide and high."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def test_hostile_text_is_shown_letter_by_letter_and_nothing_leaves_the_page(desk: MakeDesk) -> None:
    ada = desk(Mode.ASSISTED, sit=False, listens=True)
    first, second, *_ = held(ada)
    propose(ada.app.store, first, reasoning=HOSTILE, thought=HOSTILE)
    propose(ada.app.store, second, reasoning=HOSTILE)
    ada.sit_down()
    ada.page.click(f"{CARD} summary")
    shown = ada.text("body")
    assert "<script>" in shown
    assert "![beacon](https://tracker.invalid/b.png)" in shown
    assert all(mark in shown for mark in ("‹U+202E›", "‹U+200B›", "‹U+001B›"))
    assert not [char for char in INVISIBLE if char in shown]
    ada.press("e")
    assert "‹U+202E›" in ada.page.input_value("#rc-reasoning")
    ada.press("Escape", "Escape")
    ada.press_and_move_on("Enter")
    ada.state("saved")
    assert [review.reasoning for review in ada.reviews()] == [None]
    ada.page.wait_for_selector(f"{CARD} .rc-thumb img")
    outside = [url for url in ada.requests if not url.startswith((ada.app.url, "data:", "blob:"))]
    assert outside == []
    assert ada.page.title() != "owned"
    assert ada.page.locator("form[action*=tracker]").count() == 0


def test_a_chain_of_thought_of_a_megabyte_is_folded_and_comes_when_asked_for(desk: MakeDesk) -> None:
    ada = desk(Mode.ASSISTED, sit=False, listens=True)
    thought = "The cone is near. " * 60_000 + "THE END"
    propose(ada.app.store, held(ada)[0], reasoning="Cones.", thought=thought)
    ada.sit_down()
    assert max(len(body) for body in ada.bodies) < 100_000
    assert "The cone is near" not in ada.text("body")
    ada.page.click(f"{CARD} summary")
    ada.page.get_by_text("Show all 1,080,007 characters").click()
    ada.page.wait_for_function("document.querySelector('.rc-thought').textContent.endsWith('THE END')")
    ada.press_and_move_on("Enter")
    ada.state("saved")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"not a picture", SetAside.IMAGE_UNREADABLE), (huge_png(), SetAside.IMAGE_TOO_LARGE)],
    ids=["broken", "50000x50000"],
)
def test_a_picture_that_cannot_be_shown_is_reported_and_the_queue_goes_on(
    desk: MakeDesk, app: RunningApp, content: bytes, reason: SetAside
) -> None:
    ada = desk(Mode.ASSISTED, sit=False)
    broken, following, *_ = held(ada)
    replace_picture(app, broken, content)
    ada.sit_down()
    assert ada.frame() == following
    assert "cannot be shown" in ada.text("notices")
    ada.until(lambda: [note.kind.value for note in ada.notes()] == ["unreadable"])
    with app.store.read() as session:
        assert session.get_one(Frame, broken).set_aside is reason
    ada.press_and_move_on("Enter")
    ada.state("saved")


def test_pictures_come_only_from_signed_addresses(desk: MakeDesk) -> None:
    ada = desk()
    address = str(ada.page.locator(f"{CARD} .rc-pictures img").get_attribute("src"))
    assert address.startswith("frame/")
    assert "&s=" in address
    full = ada.app.url + address
    answer = ada.context.request.get(full)
    assert answer.status == 200
    assert answer.headers["cache-control"].startswith("private")
    assert b"Exif" not in answer.body()
    assert ada.context.request.get(full[:-1] + ("0" if full[-1] != "0" else "1")).status == 403
    assert ada.context.request.get(full.split("?")[0]).status == 403
    ada.context.clear_cookies()
    assert ada.context.request.get(full).status == 403
