"""In which form the compared runs were asked, and which trainings made their weights: as recorded with the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from data.errors import EvaluationError
from data.proposals.runs import run_form
from data.store.tables import ModelRun, Proposal
from data.vlm.moment import Lookback
from data.vocabulary import ModelRole, ReplyForm

_SHORT = 12


@dataclass(frozen=True)
class HowAsked:
    """Of the student's and the aligned runs: the one form, the hash of the conversation if it is one, how many frames
    a question showed (by run where they differ), and the trainings of their weights where these were trained here."""

    reply_form: ReplyForm | None
    question_hash: str | None
    question_shows: str | None
    trained_by: str | None


def how_asked(session: Session, names: Sequence[str]) -> HowAsked:
    """What the named runs have in common. Raises EvaluationError where students and aligned models answered in
    several forms: what differs between them would be put down to the models."""
    runs = [
        run
        for run in session.exec(select(ModelRun).where(col(ModelRun.name).in_(names)))
        if run.role in (ModelRole.STUDENT, ModelRole.ALIGNED)
    ]
    forms = {form: run.name for run in runs if (form := run_form(session, run))}
    if len(forms) > 1:
        named = ", ".join(f"{name} {form.value}" for form, name in forms.items())
        raise EvaluationError(
            f"The runs answered in several reply forms ({named}) and cannot be compared. Name runs of one with --run."
        )
    questions = {run.question_hash for run in runs}
    trainings = [
        f"{run.name}: {_training(run.lineage)}{_decided(session, run)}" for run in runs if run.lineage
    ]
    return HowAsked(
        reply_form=next(iter(forms), None),
        question_hash=questions.pop() if len(questions) == 1 else None,
        question_shows=_shown(runs),
        trained_by="; ".join(sorted(trainings)) or None,
    )


def _shown(runs: Sequence[ModelRun]) -> str | None:
    """How many frames a question showed. Runs that differ in it are compared, for that is what time is worth."""
    words = {run.name: Lookback.of(run.parameters).words for run in runs}
    if len(set(words.values())) > 1:
        return "; ".join(f"{name}: {shown}" for name, shown in sorted(words.items()))
    return next(iter(words.values()), None)


def _decided(session: Session, run: ModelRun) -> str:
    """By which decisions the run's levels were made of its probabilities; nothing where the model's own stand."""
    query = select(Proposal.decision).where(Proposal.run_id == run.id, col(Proposal.decision).is_not(None))
    names = sorted(str(name) for name in session.exec(query.distinct()))
    return f", decided by {' and '.join(names)}" if names else ""


def _training(record: dict[str, Any]) -> str:
    step = f" after step {record['step']}" if record.get("step") else ""
    recipe, snapshot, commit = (
        str(record[name])[:_SHORT] for name in ("recipe_hash", "snapshot_hash", "commit")
    )
    return f"{record['recipe']} ({recipe}){step} on snapshot {snapshot}, commit {commit}"
