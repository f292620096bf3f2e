"""The demo has somebody of every role and something on every screen, and stays out of workspaces in use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from annotator.demo.rehearsal import REVIEWS_BY_DAY
from annotator.demo.workspace import Account, build_demo
from annotator.sign_in.demo_accounts import PASSWORDS
from data.errors import StoreError
from data.maintenance.copying import table_states
from data.maintenance.trail_check import verify_trail
from data.overview.forecast import forecast
from data.people.accounts import sign_in
from data.review.notes import open_flags
from data.snapshot.folder import load_snapshot
from data.store import Store, open_store
from data.store.tables import FrameStatus, GoldFrame, Review, SecondLook
from data.vocabulary import PersonRole, Split, VerificationState
from tests.builders import a_person, a_store, an_empty_store
from tests.conftest import with_demo_frames

Built = tuple[Path, Store, list[Account]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, demo_dataroot: Path) -> Built:
    workspace = with_demo_frames(tmp_path_factory.mktemp("demo"), demo_dataroot)
    people = build_demo(workspace)
    return workspace, open_store(workspace), people


def test_every_role_can_sign_in_with_a_password_that_only_the_owner_reads(built: Built) -> None:
    workspace, store, people = built
    assert {person.role for person in people} == {role.value for role in PersonRole}
    assert all(sign_in(store, person.name, person.password) for person in people)
    assert (workspace / PASSWORDS).stat().st_mode & 0o777 == 0o600


def test_the_reviews_stand_on_six_days_before_today(built: Built) -> None:
    _, store, _ = built
    with store.read() as session:
        times = [review.reviewed_at_us for review in session.exec(select(Review))]
    days = [datetime.fromtimestamp(at_us / 1e6, UTC).date() for at_us in times]
    assert [days.count(day) for day in sorted(set(days))] == list(REVIEWS_BY_DAY)
    assert max(days) < datetime.now(UTC).date()
    assert times == sorted(times)
    assert forecast(store).per_day is None, "scripts set no pace"


def test_a_lead_finds_a_contested_a_sent_back_and_a_flagged_frame_and_gold(built: Built) -> None:
    _, store, _ = built
    with store.read() as session:
        sent_back = set(session.exec(select(SecondLook.frame_id)))
        contested = set(
            session.exec(select(FrameStatus.frame_id).where(FrameStatus.state == VerificationState.CONTESTED))
        )
        assert len(sent_back) == 1
        assert contested > sent_back
        assert session.exec(select(GoldFrame)).first() is not None
    assert len(open_flags(store)) == 1


def test_work_is_left_for_the_person_who_tries_it(built: Built) -> None:
    _, store, _ = built
    with store.read() as session:
        waiting = list(session.exec(select(FrameStatus).where(FrameStatus.reviews_needed > 0)))
    assert len(waiting) >= 40
    assert {status.split for status in waiting} == set(Split)


def test_the_snapshot_and_the_report_are_of_what_the_week_verified(built: Built) -> None:
    workspace, _, _ = built
    snapshot = load_snapshot(workspace / "snapshots" / "demo")
    report = (workspace / "reports" / "demo" / "report.html").read_text()
    assert snapshot.pairs
    assert snapshot.manifest.snapshot_hash[:12] in report


def test_the_audit_trail_of_the_week_is_whole(built: Built) -> None:
    _, store, _ = built
    with store.read() as session:
        assert verify_trail(session).breaks == []


def test_building_the_demo_again_adds_nothing(built: Built) -> None:
    workspace, store, people = built
    apart = {"ranking", "sign_in", "sign_in_attempt", "trail_entry"}

    def state() -> dict[str, object]:
        with store.read() as session:
            return {
                name: one for name, one in table_states(session.connection()).items() if name not in apart
            }

    before = state()
    assert build_demo(workspace) == people
    assert state() == before


@pytest.mark.parametrize("has_frames", [True, False])
def test_a_workspace_in_use_is_left_as_it_is(tmp_path: Path, has_frames: bool) -> None:
    store = a_store(tmp_path) if has_frames else an_empty_store(tmp_path / "workspace")
    a_person(store, "grace", PersonRole.LEAD)
    with store.read() as session:
        before = table_states(session.connection())
    with pytest.raises(StoreError, match="in use for other work"):
        build_demo(tmp_path / "workspace")
    with store.read() as session:
        assert table_states(session.connection()) == before
    assert sorted(path.name for path in (tmp_path / "workspace").iterdir() if path.is_dir()) == []
