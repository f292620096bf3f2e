"""Use case: evaluate runs of a store against its verified held-out frames, and note that it was done."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from data.checkout import checkout_commit
from data.errors import EvaluationError
from data.grounding.grounded_words import ground
from data.snapshot.terms import binding, counted_terms, scene_terms
from data.store.opening import Store, place_of
from eval.comparison.claim import Claim
from eval.evaluation.evaluate import EvaluatedRun, Question, evaluate
from eval.evaluation.generated import with_generated
from eval.evaluation.how_asked import HowAsked, how_asked
from eval.evaluation.ledger import claims_to_hold, note_evaluation, utc
from eval.evaluation.listed import NO_CLAIM, with_list
from eval.evaluation.marks import with_marks
from eval.evaluation.reference import ContestedFrame, ReferenceFrame
from eval.evaluation.reference_set import Against, ReferenceSet, read_reference
from eval.evaluation.result import Evaluation, LeftOut, Lineage
from eval.grounding.figures import GroundingFigures
from eval.grounding.from_store import grounding_figures
from eval.metrics.deployment import Assumptions
from eval.probes.from_store import read_probes
from eval.training_levels.from_store import training_level_figures

_PACKAGES = ("teletriage", "numpy", "scipy")


def evaluate_runs(
    store: Store,
    run_names: Sequence[str],
    *,
    against: Against | None = None,
    claim: Claim | None = None,
    gate: tuple[str, float] | None = None,
    assumptions: Assumptions | None = None,
    author: str | None = None,
    workspace: Path | None = None,
) -> Evaluation:
    """Evaluate the named runs (all that answered, if none is named) on the verified held-out frames, generated ones
    apart, and write into the audit trail that this was looked at. author: by default the account of this process.
    gate: the run whose place the others are to take, and how much more they may miss. workspace: where the vectors
    are that training levels are looked at with, and where the ranking of suspicious ones is kept.

    Raises EvaluationError: no such run, no run that answered, no held-out frame is verified or was answered in every
    run, they are no longer those of the snapshot named, or a claim is to hold on a list; SnapshotError: the snapshot
    cannot be read; FindRefused: no such list; VectorsError: the vectors are damaged.
    """
    chosen = against or Against()
    if claim is not None and chosen.of_list is not None:
        raise EvaluationError(NO_CLAIM)
    with store.read() as session:
        found = read_reference(session, run_names, chosen)
        names = [run.name for run in found.runs]
        asked = how_asked(session, names)
        verified = {frame.frame_id: frame.level for frame in found.frames}
        probes = read_probes(session, names, verified, by_log=chosen.by_log)
        trained_on = training_level_figures(session, workspace)
    known = [] if found.chosen else found.registrations
    claims = claims_to_hold(claim, known, found.looks, names)
    evaluation = evaluate(
        found.frames,
        _on(found.runs, [*found.frames, *found.contested]),
        lineage=_lineage(found, asked).model_copy(update={"picture_terms": _terms(store, found)}),
        contested=found.contested,
        question=Question(
            claims=claims,
            gate=gate,
            assumptions=assumptions or Assumptions(),
            unit="log" if chosen.by_log else "scene",
        ),
        label_quality=found.quality,
    )
    made = _on(found.runs, found.made)
    evaluation = with_generated(evaluation, found.made, made, found.scenarios, found.rejected_clips)
    evaluation = evaluation.model_copy(
        update={
            "training_levels": trained_on,
            "grounding": _grounding(store, evaluation, found.frames),
            "probes": probes,
        }
    )
    with store.read() as session:
        evaluation = with_marks(session, evaluation)
    if found.chosen is not None:
        evaluation = with_list(evaluation, found.chosen, found.off_list)
    return _noted(store, evaluation, found, author or getpass.getuser())


def _grounding(
    store: Store, evaluation: Evaluation, frames: Sequence[ReferenceFrame]
) -> GroundingFigures | None:
    """What the runs say against what is there, on the compared frames; words that were not judged yet are now."""
    names = [run.name for run in evaluation.runs]
    known = {one.frame_id: (one.scene_id, one.level) for one in frames}
    done = ground(store, names, frame_ids=frozenset(known))
    with store.read() as session:
        return grounding_figures(
            session, names, known, done.not_looked_up, confidence=evaluation.method.confidence
        )


def _on(
    runs: Sequence[EvaluatedRun], frames: Sequence[ReferenceFrame | ContestedFrame]
) -> list[EvaluatedRun]:
    """The runs with their answers on these frames alone."""
    wanted = {frame.frame_id for frame in frames}
    return [
        replace(run, predictions={key: answer for key, answer in run.predictions.items() if key in wanted})
        for run in runs
    ]


def _lineage(found: ReferenceSet, asked: HowAsked) -> Lineage:
    return Lineage(
        snapshot_hash=found.snapshot.manifest.snapshot_hash if found.snapshot else None,
        verified_set_hash=found.verified_set_hash,
        split_hash=found.held_out,
        guideline_versions=found.guidelines,
        question_hash=asked.question_hash,
        question_shows=asked.question_shows,
        reply_form=asked.reply_form,
        recipe=asked.trained_by,
        commit=checkout_commit(),
        versions={name: version(name) for name in _PACKAGES},
    )


def _terms(store: Store, found: ReferenceSet) -> str | None:
    with store.read() as session:
        counts = Counter(frame.scene_id for frame in found.frames)
        return binding(counted_terms(counts, scene_terms(session))) or None


def _noted(store: Store, evaluation: Evaluation, found: ReferenceSet, author: str) -> Evaluation:
    """The evaluation with its entry of the audit trail, and the runs that were left out."""
    entry = note_evaluation(
        store,
        found.held_out,
        [run.name for run in evaluation.runs],
        found.verified_set_hash,
        by=author,
        chosen=found.chosen,
    )
    lineage = evaluation.lineage.model_copy(
        update={
            "evaluated_at": utc(entry.at_us),
            "author": author,
            "workspace": place_of(store),
            "look": len(found.looks) + 1,
            "trail_entry": entry.entry,
            "trail_head": entry.sha256,
        }
    )
    silent = [
        LeftOut(reason=f"{name} left out: it answered none of them", frames=len(found.frames))
        for name in found.silent
    ]
    account = evaluation.frames.model_copy(update={"left_out": [*evaluation.frames.left_out, *silent]})
    return evaluation.model_copy(update={"lineage": lineage, "frames": account})
