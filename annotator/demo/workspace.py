"""The demo workspace: drawn frames, scripted proposals, three people, and enough scripted reviews that every screen
has something to show. Building it again changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import col, select

from annotator.demo.scripted_reviewers import review_everything
from annotator.review_order.ranking import rank_frames
from data.demo import VERSION, build_dataroot, scripted_replies, true_assessments
from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.hashing import canonical_json
from data.people.accounts import add_person, list_people, random_password, set_password
from data.proposals.recorded_replies import propose_from_replies
from data.store.keys import draw_repeatably
from data.store.opening import Store, open_store
from data.store.tables import Person, Review
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole, PersonRole
from eval.evaluation.from_store import evaluate_runs
from eval.report.render import write_evaluation

TRAIN, HELD_OUT, SEED = 150, 50, 0
PEOPLE = (
    ("ada", "Ada", PersonRole.ANNOTATOR),
    ("lena", "Lena", PersonRole.LEAD),
    ("theo", "Theo", PersonRole.TRAINER),
)
REVIEWERS = ["scripted-annotator-1", "scripted-annotator-2"]
PASSWORDS = "demo-passwords.txt"
REVIEWS = 150
"""About half of what the demo's frames need, so that there is work left for the person who tries it."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DemoPerson:
    """Somebody who can sign in to the demo."""

    name: str
    role: str
    password: str


def build_demo(
    workspace: Path, *, store_url: str | None = None, progress: Progress | None = None
) -> list[DemoPerson]:
    """Make the demo workspace, or finish one that was interrupted; returns who can sign in."""
    dataroot = workspace / "demo-dataroot"
    build_dataroot(dataroot, progress=progress)
    store = open_store(workspace, url=store_url, create=True)
    draw_repeatably(store)
    try:
        prepare_frames(store, dataroot, workspace)
        people = _people(store, workspace)
        review_everything(store, REVIEWERS, true_assessments(), limit=_still_to_write(store))
        rank_frames(store)
        _report(store, workspace)
    finally:
        store.close()
    return people


def prepare_frames(store: Store, dataroot: Path, workspace: Path) -> None:
    """Ingest, sample, propose and order the demo's frames; what is there already stays."""
    ingest(store, dataroot, VERSION)
    sample_frames(store, train=TRAIN, held_out=HELD_OUT, seed=SEED)
    for role in (ModelRole.TEACHER, ModelRole.STUDENT):
        replies = workspace / f"demo-{role.value}-replies.jsonl"
        rows = scripted_replies(role)
        replies.write_text("".join(canonical_json(row) + "\n" for row in rows), encoding="utf-8")
        propose_from_replies(store, replies, role=role)
    refresh_statuses(store)
    rank_frames(store)


def _people(store: Store, workspace: Path) -> list[DemoPerson]:
    """The demo's people, with the passwords that were made when the workspace was (a file only its owner reads)."""
    path = workspace / PASSWORDS
    known = dict(line.split(" ", 1) for line in path.read_text().splitlines()) if path.is_file() else {}
    there = {person.name for person in list_people(store)}
    for name, display_name, role in PEOPLE:
        if name in there and name in known:
            continue
        known[name] = random_password()
        if name in there:
            set_password(store, name, known[name])
        else:
            add_person(store, name, role, password=known[name], display_name=display_name)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{name} {password}\n" for name, password in known.items())
    return [DemoPerson(name, role.value, known[name]) for name, _, role in PEOPLE]


def _still_to_write(store: Store) -> int:
    with store.read() as session:
        scripted = select(Person.id).where(col(Person.is_scripted))
        done = session.exec(select(Review.id).where(col(Review.person_id).in_(scripted))).all()
    return max(0, REVIEWS - len(done))


def _report(store: Store, workspace: Path) -> None:
    """One evaluation of the scripted runs, so that the reports screen has something to open."""
    out = workspace / "reports" / "demo"
    if not out.exists():
        write_evaluation(evaluate_runs(store, []), out)
