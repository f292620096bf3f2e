from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import Adjudication, AuditLot, GoldFrame
from data.vocabulary import PersonRole, Split
from tests.annotator.browser.conftest import served, signed_in
from tests.builders import A, S, T, a_person, a_store, reviewed


def a_store_with_a_conflict(tmp_path: Path) -> tuple[Store, str]:
    """Two people rated every held-out frame blind, and disagree on one training frame: T against A."""
    store = a_store(tmp_path, scenes={"scene-0001": 6, "scene-0002": 6, "scene-0003": 6}, teacher=A)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    a_person(store, "lena", PersonRole.LEAD)
    frames = lease_frames(store, ada, n=100)
    for number, one in enumerate(one for one in frames if one.scene.split is Split.HELD_OUT):
        reviewed(store, ada, one.frame.id, [A, S, T][number % 3])
        reviewed(store, ben, one.frame.id, [A, S, T][number % 3])
    contested = next(one.frame.id for one in frames if one.scene.split is Split.TRAIN)
    reviewed(store, ada, contested, T)
    reviewed(store, ben, contested, A)
    return store, contested


def test_a_lead_walks_from_overlap_to_the_certificate(tmp_path: Path, chromium: Browser) -> None:
    store, contested = a_store_with_a_conflict(tmp_path)
    with served(tmp_path / "workspace") as address:
        page = signed_in(chromium, address, "lena", "password-lena")
        page.goto(f"{address}agreement")
        expect(page.get_by_text("Frames rated twice or more")).to_be_visible()
        page.goto(f"{address}frame?id={contested}")
        expect(page.get_by_text("Address to send")).to_be_visible()
        expect(page.get_by_text(f"/frame?id={contested}")).to_be_visible()
        page.get_by_role("link", name="Settle it under Adjudicate").click()
        expect(
            page.get_by_text("1 contested frame, 1 of them AUTONOMY versus TELEOPERATION.")
        ).to_be_visible()
        expect(page.get_by_role("button", name="TELEOPERATION")).to_be_visible()
        page.keyboard.press("3")
        expect(page.get_by_label("Reasoning")).to_be_visible()
        page.get_by_label("Why?").fill("A person stands behind the van.")
        page.get_by_label("Why?").press("Control+Enter")
        expect(page.get_by_text("No frame is contested")).to_be_visible()
        page.get_by_role("button", name="Use this frame as a hidden test").click()
        expect(page.get_by_text("Added to the hidden tests")).to_be_visible()
        page.goto(f"{address}trust")
        page.get_by_role("button", name="Open an audit").click()
        expect(page.get_by_text("What it does not promise")).to_be_visible()
        page.goto(f"{address}adjudicate?frame={contested}")
        expect(page.get_by_text("is not contested (any more)")).to_be_visible()
        page.context.close()
        _sees_no_frame(signed_in(chromium, address, "ada", "password-ada"), f"{address}frame?id={contested}")
    with store.read() as session:
        assert session.exec(select(Adjudication)).one().level is T
        gold = session.exec(select(GoldFrame)).one()
        assert (gold.frame_id, gold.level, gold.proposed) == (contested, T, A)
        assert session.exec(select(AuditLot)).one().limit == 0.01


def _sees_no_frame(page: Page, shared: str) -> None:
    """An annotator who is sent a lead's address learns nothing from it."""
    page.goto(shared)
    expect(page.get_by_role("heading", name="Frame is for leads and trainers")).to_be_visible()
    expect(page.get_by_text("Address to send")).to_have_count(0)
    page.context.close()
