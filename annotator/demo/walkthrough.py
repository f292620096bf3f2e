"""The whole loop unattended, through the same functions as the commands: from a dataroot to a report.

Training comes in from outside as `TrainingStages`, since the app never imports it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from annotator.demo.rehearsal import REVIEWERS
from annotator.demo.scripted_reviewers import Truth, review_everything, settle_contested
from annotator.demo.workspace import prepare_frames
from annotator.review_order.ranking import rank_frames
from data.demo import VERSION, build_dataroot, true_assessments
from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.proposals.recorded_replies import propose_from_replies
from data.snapshot.folder import Manifest
from data.snapshot.freeze import FreezeOptions, freeze
from data.sources.nuscenes import nuscenes
from data.store.keys import draw_repeatably
from data.store.opening import Store, open_store
from data.store.tables import Frame, FrameStatus, Proposal, Review
from data.verification.status import refresh_statuses
from data.verification.verified_frames import verified_frames
from data.vocabulary import ModelRole, Split, VerificationState
from eval.evaluation.from_store import evaluate_runs
from eval.evaluation.reference_set import Against
from eval.report.render import write_evaluation

SCRIPTED_ANNOTATORS = REVIEWERS
SCRIPTED_LEAD = "scripted-lead"


@dataclass(frozen=True)
class WalkthroughInput:
    """What to walk through: a dataroot with recorded replies, or (None) the demo dataset."""

    dataroot: Path | None = None
    version: str = VERSION
    replies: Path | None = None
    seed: int = 0


@dataclass(frozen=True)
class TrainingStages:
    """The training package's functions. `train` takes (snapshot, model, out), `merge` (adapter, model, out),
    `answer` (merged model, [(file name, image)], replies file)."""

    build_stand_in: Callable[[Path], Any]
    train: Callable[[Path, Path, Path], Any]
    merge: Callable[[Path, Path, Path], Any]
    answer: Callable[[Path, list[tuple[str, Path]], Path], Any]


def run_walkthrough(asked: WalkthroughInput, stages: TrainingStages, *, keep_in: Path | None = None) -> None:
    """Run every stage and print one JSON object as the last line on stdout.

    keep_in: the workspace to keep; without it everything is made in a temporary folder that is removed at the end.
    """
    with ExitStack() as stack:
        workspace = keep_in or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="teletriage-")))
        store = open_store(workspace, create=True)
        draw_repeatably(store)
        stack.callback(store.close)
        figures = _walk(asked, stages, store, workspace)
    print(json.dumps(figures))  # noqa: T201


def _say(stage: str) -> None:
    print(f"{stage} …", file=sys.stderr)  # noqa: T201


def _walk(asked: WalkthroughInput, stages: TrainingStages, store: Store, workspace: Path) -> dict[str, Any]:
    truth = _frames_and_proposals(asked, store, workspace)
    proposals = _proposal_counts(store)
    _say("Reviewing (scripted reviewers stand in for people)")
    review_everything(store, SCRIPTED_ANNOTATORS, truth)
    settle_contested(store, SCRIPTED_LEAD, truth, split=Split.HELD_OUT)
    _say("Freezing the snapshot")
    snapshot = _free(workspace / "snapshots", "walkthrough")
    manifest = freeze(store, snapshot, FreezeOptions(development=0))  # a dozen scenes have none to spare
    trained = _train(stages, store, workspace, snapshot)
    _say("Evaluating")
    evaluation = evaluate_runs(store, [], against=Against(snapshot=snapshot))
    report = write_evaluation(evaluation, _free(workspace / "reports", "walkthrough"))
    return {
        **_counts(store),
        "proposals": proposals,
        "pairs": _pairs(manifest),
        "train": trained["train"],
        "paths": {
            "workspace": str(workspace),
            "snapshot": str(snapshot),
            "adapter": trained["adapter"],
            "merged": trained["merged"],
            "report": str(report),
        },
    }


def _frames_and_proposals(asked: WalkthroughInput, store: Store, workspace: Path) -> Truth:
    """Ingest, sample and propose; returns what scripted reviewers may know of the frames."""
    if asked.dataroot is None or asked.replies is None:
        _say("Drawing the demo dataset")
        dataroot = workspace / "demo-dataroot"
        build_dataroot(dataroot)
        _say("Ingesting, sampling, proposing")
        prepare_frames(store, dataroot, workspace)
        return true_assessments()
    _say("Ingesting, sampling, proposing")
    frames = ingest(store, nuscenes(asked.dataroot, asked.version)).frames
    # Three times as many as there are on each side: all usable frames, a quarter of them held out.
    sample_frames(store, train=3 * frames, held_out=frames, seed=asked.seed)
    for role in (ModelRole.TEACHER, ModelRole.STUDENT):
        propose_from_replies(store, asked.replies, role=role)
    refresh_statuses(store)
    rank_frames(store)
    return {}


def _train(stages: TrainingStages, store: Store, workspace: Path, snapshot: Path) -> dict[str, Any]:
    models = workspace / "models"
    _say("Training an adapter on the stand-in (random weights: it runs the path, it proves nothing)")
    base, adapter, merged = models / "stand-in", _free(models, "adapter"), _free(models, "merged")
    if not base.exists():
        stages.build_stand_in(base)
    result = stages.train(snapshot, base, adapter)
    _say("Merging, and asking the merged stand-in about the held-out frames")
    stages.merge(adapter, base, merged)
    with store.read() as session:
        frames = [(one.frame.filename, one.image) for one in verified_frames(session, Split.HELD_OUT)]
    replies = merged.with_suffix(".replies.jsonl")
    stages.answer(merged, frames, replies)
    propose_from_replies(store, replies, role=ModelRole.ALIGNED)
    return {
        "train": {"steps": result.steps, "loss_first": result.loss_first, "loss_last": result.loss_last},
        "adapter": str(adapter),
        "merged": str(merged),
    }


def _free(folder: Path, name: str) -> Path:
    """A path in the folder that nothing has taken yet: name, name-2, name-3 …"""
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / (name if number == 1 else f"{name}-{number}") for number in range(1, 10_000))
    return next(path for path in paths if not path.exists())


def _proposal_counts(store: Store) -> dict[str, int]:
    with store.read() as session:
        failed = [row.failure is not None for row in session.exec(select(Proposal))]
    return {"parsed": failed.count(False), "failed": failed.count(True)}


def _counts(store: Store) -> dict[str, Any]:
    with store.read() as session:
        frames = [frame.set_aside is not None for frame in session.exec(select(Frame))]
        states = [status.state for status in session.exec(select(FrameStatus))]
        reviews = session.exec(select(func.count(col(Review.id)))).one()
    return {
        "frames": len(frames),
        "set_aside": sum(frames),
        "reviews": reviews,
        "verified": states.count(VerificationState.VERIFIED),
        "contested": states.count(VerificationState.CONTESTED),
    }


def _pairs(manifest: Manifest) -> dict[str, int]:
    return {weight: manifest.pairs_by_weight.get(weight, 0) for weight in ("1.0", "2.0", "5.0")}
