"""The demo workspace: drawn frames, scripted proposals, a person of every role, and a week of scripted reviews, so that
every screen has something to show. Building it again changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import select

from annotator.demo.rehearsal import rehearse_week
from annotator.review_order.ranking import rank_frames
from annotator.sign_in.demo_accounts import PEOPLE, make_accounts
from data.alike.embed import embed_locally
from data.demo import VERSION, build_dataroot, scripted_replies
from data.errors import StoreError
from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.grounding.grounded_words import ground
from data.hashing import canonical_json
from data.live.record import DATA_SET as MONITOR_SET
from data.proposals.recorded_replies import propose_from_replies
from data.snapshot.freeze import freeze
from data.sources.nuscenes import nuscenes
from data.store import Store, open_store
from data.store.keys import draw_repeatably
from data.store.tables import Dataset, Person
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole
from eval.evaluation.from_store import evaluate_runs
from eval.evaluation.reference_set import Against
from eval.report.render import write_evaluation

TRAIN, HELD_OUT, SEED = 150, 50, 0
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in to the demo."""

    name: str
    role: str
    password: str


def build_demo(
    workspace: Path, *, store_url: str | None = None, progress: Progress | None = None
) -> list[Account]:
    """Make the demo workspace, or finish one that was interrupted; returns who can sign in."""
    dataroot = workspace / "demo-dataroot"
    store = open_store(workspace, url=store_url, create=True)
    try:
        _require_demo(store, workspace)
        draw_repeatably(store)
        build_dataroot(dataroot, progress=progress)
        prepare_frames(store, dataroot, workspace)
        embed_locally(store, workspace)
        known = make_accounts(store, workspace)
        rehearse_week(store)
        ground(store)
        rank_frames(store)
        _report(store, workspace)
    finally:
        store.close()
    return [Account(one.name, one.role.value, known[one.name]) for one in PEOPLE]


def prepare_frames(store: Store, dataroot: Path, workspace: Path) -> None:
    """Ingest, sample, propose and order the demo's frames; what is there already stays."""
    ingest(store, nuscenes(dataroot, VERSION))
    sample_frames(store, train=TRAIN, held_out=HELD_OUT, seed=SEED)
    for role in (ModelRole.TEACHER, ModelRole.STUDENT):
        replies = workspace / f"demo-{role.value}-replies.jsonl"
        rows = scripted_replies(role)
        replies.write_text("".join(canonical_json(row) + "\n" for row in rows), encoding="utf-8")
        propose_from_replies(store, replies, role=role)
    ground(store)
    refresh_statuses(store)
    rank_frames(store)


def _require_demo(store: Store, workspace: Path) -> None:
    """Raises StoreError for a workspace with work of its own: drawn frames and scripts have no place there."""
    with store.read() as session:
        names = set(session.exec(select(Dataset.name)))
        has_people = session.exec(select(Person.id)).first() is not None
    if names - {VERSION, MONITOR_SET} or (has_people and VERSION not in names):
        raise StoreError(
            f"{workspace} is in use for other work. The demo needs a workspace of its own: "
            "name a new folder with --workspace."
        )


def _report(store: Store, workspace: Path) -> None:
    """A snapshot of what the week verified, and an evaluation of the scripted runs against it."""
    snapshot, report = workspace / "snapshots" / "demo", workspace / "reports" / "demo"
    if not snapshot.exists():
        freeze(store, snapshot)
    if not report.exists():
        evaluation = evaluate_runs(store, [], against=Against(snapshot=snapshot), workspace=workspace)
        write_evaluation(evaluation, report)
