"""Examples beside the guideline."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from data.review.adjudication import Settlement, adjudicate
from data.review.examples import guideline_examples
from data.review.gold import make_gold
from data.store.tables import FrameStatus
from data.vocabulary import PersonRole, Split, TriageLevel
from tests.builders import a_person, a_store, reviewed

A, S, T = TriageLevel


def test_examples_are_settled_frames_of_each_level_and_never_a_test(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={f"scene-{number:04}": 2 for number in range(1, 13)})
    ada, bob, lena = a_person(store), a_person(store, "bob"), a_person(store, "lena", PersonRole.LEAD)
    with store.read() as session:
        frames = sorted(session.exec(select(FrameStatus.frame_id).where(FrameStatus.split == Split.TRAIN)))[
            :4
        ]
    assert guideline_examples(store, ada) == []
    for frame, level in zip(frames, (T, A, T, T), strict=True):
        reviewed(store, ada, frame, T)
        reviewed(store, bob, frame, S)
        adjudicate(store, lena, Settlement(frame_id=frame, level=level, reason=f"Settled as {level.value}."))
    make_gold(store, lena, frames[0])
    told = guideline_examples(store, a_person(store, "carol"))
    assert [one.level for one in told] == sorted((one.level for one in told), key=lambda level: level.rank)
    assert {one.frame.id for one in told} <= set(frames[1:])
    assert told[0].frame.id == frames[1]
    assert told[0].why == "Settled as AUTONOMY."
    store.close()
