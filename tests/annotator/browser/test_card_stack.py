"""One judgement for a stack of look-alikes, on the card."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect
from sqlmodel import col, delete, select

from data.store.tables import Frame, FrameStack, FrameStatus, Lease, RandomShare
from data.vocabulary import Mode, TriageLevel
from tests.annotator.browser.accessible import faults_in_both_schemes
from tests.annotator.browser.served import Desk

A, S, T = TriageLevel
MakeDesk = Callable[..., Desk]


def in_a_stack(one: Desk, places: int) -> list[tuple[str, set[str]]]:
    """Put each of the person's first frames into a stack with its scene's; by frame: what is offered with it."""
    made: list[tuple[str, set[str]]] = []
    with one.app.store.write() as session:
        session.exec(delete(FrameStack))
        session.exec(delete(Lease).where(col(Lease.frame_id).in_(select(RandomShare.frame_id))))
        held = select(Lease).where(Lease.person_id == one.person_id).order_by(col(Lease.leased_at_us))
        for lease in session.exec(held).all()[:places]:
            scene = session.get_one(Frame, lease.frame_id).scene_id
            free = (
                select(Frame.id)
                .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
                .where(
                    Frame.scene_id == scene,
                    col(FrameStatus.reviews_needed) > 0,
                    col(Frame.id).not_in(select(Lease.frame_id)),
                    col(Frame.id).not_in(select(RandomShare.frame_id)),
                )
                .order_by(col(Frame.position))
                .limit(3)
            )
            others = set(session.exec(free))
            stack = [lease.frame_id, *others]
            session.add_all(FrameStack(frame_id=frame, first_id=lease.frame_id) for frame in stack)
            made.append((lease.frame_id, others))
    return made


def test_one_key_judges_a_stack_undo_takes_it_back_and_teleoperation_is_seen_large_first(
    desk: MakeDesk,
) -> None:
    ada = desk(sit=False)
    (first, alike), (second, others) = in_a_stack(ada, 2)
    ada.sit_down()
    stack = ada.card.locator("[data-part=stack]")
    assert ada.frame() == first
    expect(stack.locator("[data-alike]")).to_have_count(len(alike))
    expect(stack.locator(".rc-all")).to_contain_text(f"Supervision for all {len(alike) + 1}")
    assert faults_in_both_schemes(ada.page) == []
    lost = stack.locator("[data-alike]").first
    lost.locator("img").dispatch_event("error")  # as without a connection
    expect(lost).to_have_text(re.compile(r"^[+−][0-9.]+ s$"))
    ada.press_and_move_on("k")
    ada.state("saved")
    assert {one.frame_id: one.mode for one in ada.reviews()} == {
        first: Mode.ASSISTED, **dict.fromkeys(alike, Mode.STACK),
    }  # fmt: skip
    ada.press("u")
    expect(ada.card.locator("[data-notice=passing]")).to_contain_text("whole stack is taken back")
    ada.state("saved")
    assert {one.frame_id for one in ada.reviews() if one.is_taken_back} == alike
    ada.press("Escape")
    expect(ada.card).to_have_attribute("data-frame", second)
    ada.press("3")
    expect(stack.locator(".rc-all")).to_contain_text(f"Look at each large first: {len(others)} left")
    for left in range(len(others) - 1, -1, -1):
        ada.press("k")
        words = (
            f"Look at each large first: {left} left" if left else f"Teleoperation for all {len(others) + 1}"
        )
        expect(stack.locator(".rc-all")).to_contain_text(words)
        expect(ada.card.locator("[data-part=away]")).to_be_visible()
    ada.press("k")
    expect(stack.locator(".rc-all")).to_contain_text("the reason's key saves")
    ada.press_and_move_on("y")
    ada.state("saved")
    said = {one.frame_id: one.level for one in ada.reviews() if one.frame_id in {second, *others}}
    assert said == dict.fromkeys({second, *others}, T)
