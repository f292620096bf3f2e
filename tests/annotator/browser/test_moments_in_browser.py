"""A moment on the card as a reviewer has it: played, paused, stepped through, decided on while it plays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from data.store.tables import Dataset, Frame, Lease, Review, Scene
from data.vocabulary import Mode
from tests.annotator.browser.accessible import faults_in_both_schemes
from tests.annotator.browser.served import CARD, Desk, RunningApp
from tests.builders import VERSION, a_box
from tests.dataroots import a_token, with_moments

SCENE = "scene-0030"
WORDS = f"{CARD} [data-part=away] > span"


@pytest.fixture
def dataroot(app: RunningApp) -> Iterator[Path]:
    """The shared app's dataroot with one moving scene; put back afterwards."""
    with app.store.read() as session:
        root = Path(session.exec(select(Dataset.dataroot)).one())
    kept = {path: path.read_text() for path in (root / VERSION).glob("*.json")}
    with_moments(root, SCENE)
    yield root
    for path, text in kept.items():
        path.write_text(text)


def a_box_ahead(root: Path, frame: int) -> None:
    """One car in front of a frame of the scene."""
    box = a_box(category="vehicle.car", ahead_m=20)
    rows: dict[str, Any] = {
        "sample_annotation": {
            "sample_token": a_token(f"sample-{SCENE}-{frame}"),
            "instance_token": "car",
            "rotation": [1, 0, 0, 0],
            **{name: box[name] for name in ("translation", "size")},
        },
        "instance": {"token": "car", "category_token": "car"},
        "category": {"token": "car", "name": "vehicle.car"},
    }
    for name, row in rows.items():
        path = root / VERSION / f"{name}.json"
        path.unlink()
        path.write_text(json.dumps([row]))


def from_the_frame_s(page: Page) -> float:
    """Where the player stands, as it says: seconds, below 0 before the frame."""
    return float(page.locator(WORDS).inner_text().split()[0].replace("−", "-"))


def give(desk: Desk, frame: str) -> None:
    """Serve this frame of the moving scene first, to be decided before its proposal is shown."""
    with desk.app.store.write() as session:
        now_us = desk.app.store.now_us(session)
        session.add(
            Lease(
                frame_id=frame,
                person_id=desk.person_id,
                mode=Mode.DECIDE_FIRST,
                proposal_id=None,
                leased_at_us=now_us - 90_000_000,
                until_us=now_us + 900_000_000,
            )
        )


def free_frame(app: RunningApp) -> Frame:
    """A frame with three seconds before it that is nobody's yet."""
    with app.store.read() as session:
        taken = {*session.exec(select(Lease.frame_id)), *session.exec(select(Review.frame_id))}
        query = select(Frame).join(Scene).where(Scene.name == SCENE, Frame.position >= 6)
        return next(one for one in session.exec(query) if one.id not in taken)


def test_a_moment_is_played_paused_stepped_through_and_decided_on_while_it_plays(
    desk: Callable[..., Desk], app: RunningApp, dataroot: Path
) -> None:
    ada = desk(sit=False, n=3, listens=True)
    frame = free_frame(app)
    first = frame.id
    a_box_ahead(dataroot, frame.position)
    give(ada, first)
    ada.sit_down()
    page = ada.page
    assert ada.frame() == first

    ada.press("b", "c")
    assert page.locator(".pl-boxes, .pl-cameras").count() == 0
    expect(page.locator(f"{CARD} [data-act=boxes]")).to_be_hidden()
    assert not any("/frame/" in one and "f=samples" in one for one in ada.requests)

    ada.press("Space")
    expect(page.locator(WORDS)).to_contain_text("camera sweeps, 12 a second")
    assert page.evaluate("document.querySelector('.pl-screen canvas').width") > 0
    ada.until(lambda: from_the_frame_s(page) > -2.6)  # long enough to be counted as 0.2 s
    ada.press("Space")
    expect(page.locator(WORDS)).to_contain_text("paused")
    page.wait_for_selector(f"{CARD} .pl-screen img")
    stood = page.locator(WORDS).inner_text()
    ada.press("ArrowLeft")
    expect(page.locator(WORDS)).not_to_have_text(stood)
    ada.press("ArrowRight")
    expect(page.locator(WORDS)).to_have_text(stood)
    ada.press("Escape")
    expect(page.locator(f"{CARD} [data-part=away]")).to_be_hidden()

    ada.press("2")
    expect(page.locator(f"{CARD} [data-act=boxes]")).to_be_visible()
    ada.press("b")
    expect(page.locator(".pl-boxes text")).to_have_text("car 20 m")
    ada.press("c")
    expect(page.locator(".pl-camera")).to_have_count(5)
    page.locator(".pl-camera").first.click()
    expect(page.locator(f"{CARD} [data-part=away]")).to_contain_text("Camera front left")
    assert faults_in_both_schemes(page) == []
    ada.press("Escape")
    expect(page.locator(f"{CARD} [data-part=away]")).to_be_hidden()
    ada.press("c")
    expect(page.locator(".pl-camera")).to_have_count(0)

    ada.press("Shift+Space")
    expect(page.locator(WORDS)).to_contain_text("half speed")
    ada.press("y")
    ada.moved_on(first)
    expect(page.locator(f"{CARD} [data-part=away]")).to_be_hidden()
    assert page.locator(".pl-boxes").count() == 0
    ada.state("saved")
    (review,) = ada.reviews()
    assert (review.frame_id, review.reason_code) == (first, "lane_blocked")
    assert review.seconds_played is not None
    assert 0.2 <= review.seconds_played <= 30
