"""A decision: the temperature and thresholds that turn level probabilities into a level. Pure.

It belongs to the weights that it was fitted on, as their adapter does, and is kept in `decision.json` beside them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError

from data.errors import DecisionError
from data.hashing import canonical_json
from data.vocabulary import LEVELS, ReplyForm, TriageLevel
from data.whole_files import written_whole

DECISION = "decision.json"
A, S, T = LEVELS
_LEAST = 1e-9
"""What a probability of 0 counts as in a logarithm."""


class CurvePoint(BaseModel):
    """One threshold on P(TELEOPERATION) and what it gave on the development part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float
    missed: int
    false: int


class ModelDecision(BaseModel):
    """Probabilities are sharpened or flattened by `temperature`; the level is then TELEOPERATION where its probability
    reaches `teleoperation`, else SUPERVISION where that of it and TELEOPERATION together reaches `supervision`.

    `weights`: the revision of the weights it was fitted on, `snapshot_hash` the snapshot whose development part gave
    `frames` frames of `scenes` scenes, by verified level in `by_level`. `costs`: right level -> level said -> cost.
    `missed`, `false`: what the thresholds gave there, of the TELEOPERATION frames and of the others. `curve`: what
    other thresholds on P(TELEOPERATION) would have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    weights: str
    snapshot_hash: str
    reply_form: ReplyForm
    temperature: PositiveFloat
    teleoperation: float = Field(ge=0)
    supervision: float = Field(ge=0)
    costs: dict[TriageLevel, dict[TriageLevel, float]]
    frames: int
    scenes: int
    by_level: dict[TriageLevel, int]
    missed: int
    false: int
    curve: list[CurvePoint]

    @property
    def hash(self) -> str:
        """Names the decision in runs, in reports and in what a monitor records."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json")).encode()).hexdigest()[:16]

    def level(self, said: TriageLevel | None, probabilities: Sequence[float] | None) -> TriageLevel | None:
        """The level of a frame of which the model said one with these probabilities, in the order of LEVELS.

        Without probabilities, what was said stands; a reply without a level has none.
        """
        if said is None or probabilities is None:
            return said
        return decide_level(tempered(probabilities, self.temperature), self.teleoperation, self.supervision)


def tempered(probabilities: Sequence[float], temperature: float) -> list[float]:
    """p to the power of 1 / temperature, normalised.

    >>> [round(value, 3) for value in tempered([0.9, 0.1, 0.0], 2.0)]
    [0.75, 0.25, 0.0]
    """
    logs = [math.log(max(value, _LEAST)) / temperature for value in probabilities]
    highest = max(logs)
    powers = [math.exp(value - highest) for value in logs]
    return [value / sum(powers) for value in powers]


def decide_level(probabilities: Sequence[float], teleoperation: float, supervision: float) -> TriageLevel:
    """The level by two thresholds, the more careful one first."""
    if probabilities[T.rank] >= teleoperation:
        return T
    return S if probabilities[S.rank] + probabilities[T.rank] >= supervision else A


def write_decision(folder: Path, decision: ModelDecision) -> Path:
    """Write `decision.json` into a model's folder, whole or not at all."""
    with written_whole(folder / DECISION) as partial:
        partial.write_text(decision.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return folder / DECISION


def read_decision(path: Path) -> ModelDecision:
    """The decision in a file, or in a model's folder. Raises DecisionError."""
    file = path / DECISION if path.is_dir() else path
    try:
        return ModelDecision.model_validate_json(file.read_bytes())
    except OSError as error:
        raise DecisionError(f"The decision {file} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise DecisionError(f"{file} is no decision that `teletriage decide` wrote.") from error


def decision_for_served(path: Path, model: str, revision: str | None) -> ModelDecision:
    """The decision in a file, for a served model: by its revision, or by the digits of its record in its name. Raises
    DecisionError if it was fitted on other weights."""
    decision = read_decision(path)
    if revision != decision.weights and not model.endswith(f"-{decision.weights[:8]}"):
        raise DecisionError(
            f"The decision in {path} was fitted on the weights {decision.weights[:12]}, and {model} is not known to be "
            f"those: serve them under the name that merge prints, or give --revision {decision.weights}."
        )
    return decision


def decision_for(path: Path, weights: str | None) -> ModelDecision:
    """The decision in a file, for these weights. Raises DecisionError if it was fitted on others."""
    decision = read_decision(path)
    if decision.weights != weights:
        raise DecisionError(
            f"The decision in {path} was fitted on the weights {decision.weights[:12]}, not on "
            f"{weights[:12] if weights else 'a model without a record'}: run teletriage decide for this model."
        )
    return decision
