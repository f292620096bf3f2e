from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from annotator.review_card import routes
from annotator.settings import AppSettings
from data.store.opening import Store
from data.store.tables import Lease
from tests.annotator.review_card.test_outbox import an_entry
from tests.builders import a_person, a_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = a_store(tmp_path, scenes={f"scene-{number:04}": 8 for number in range(1, 5)})
    monkeypatch.setattr(routes, "store", lambda: store)
    monkeypatch.setattr(routes, "app_settings", lambda: AppSettings(decide_first=0, blind=0))
    return store


def told(store: Store, person_id: int, *entries: dict[str, Any]) -> dict[str, Any]:
    return routes.sync(store, person_id, {"outbox": list(entries)})


def words(item: dict[str, Any]) -> dict[str, str]:
    """Held-out frames come without a proposal, so they need words."""
    return {} if "proposal" in item else {"reasoning": "Cones narrow the lane.", "action": "Watch the feed."}


def leases(store: Store) -> dict[str, int]:
    with store.read() as session:
        return {lease.frame_id: lease.until_us for lease in session.exec(select(Lease))}


def test_frames_are_reserved_several_at_once_and_never_run_out(store: Store) -> None:
    ada = a_person(store)
    frames = told(store, ada)["frames"]
    held = [len(frames)]
    for _ in range(4):
        frames = told(store, ada, an_entry(frames[0]["frame"], **words(frames[0])))["frames"]
        held.append(len(frames))
    assert held == [8, 7, 6, 8, 7]


def test_asking_again_at_once_leaves_fresh_leases_as_they_are(store: Store) -> None:
    ada = a_person(store)
    told(store, ada)
    before = leases(store)
    told(store, ada)
    assert leases(store) == before


def test_leases_that_have_used_up_a_third_are_renewed(store: Store) -> None:
    ada = a_person(store)
    told(store, ada)
    with store.write() as session:
        for lease in session.exec(select(Lease)):
            lease.until_us -= 301 * 1_000_000
    before = leases(store)
    told(store, ada)
    assert all(until > before[frame] for frame, until in leases(store).items())


def test_somebody_who_may_no_longer_review_is_told_so_though_frames_are_held(store: Store) -> None:
    from data.errors import NotAllowed
    from data.store.tables import Person

    ada = a_person(store)
    told(store, ada)
    with store.write() as session:
        session.get_one(Person, ada).is_disabled = True
    with pytest.raises(NotAllowed):
        told(store, ada)


def test_recent_decisions_come_newest_first_and_a_change_replaces_what_it_changes(store: Store) -> None:
    ada = a_person(store)
    frames = told(store, ada)["frames"][:3]
    for item in frames:
        told(store, ada, an_entry(item["frame"], **words(item)))
    first = frames[0]["frame"]
    change = an_entry(
        first, token="token-change", level="TELEOPERATION", supersedes_token=f"token-{first[:20]}-1"
    )
    recent = told(store, ada, {**change, "reasoning": "A tree lies there.", "action": "Take control."})[
        "recent"
    ]
    assert [(one["frame"], one["level"]) for one in recent] == [
        (first, "TELEOPERATION"),
        (frames[2]["frame"], "SUPERVISION"),
        (frames[1]["frame"], "SUPERVISION"),
    ]
