"""Use case: fit a model's temperature and thresholds on its snapshot's development part, kept in `decision.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session, select

from data.decisions.decision import CurvePoint, ModelDecision, T, write_decision
from data.decisions.fit import COSTS, Costs, at_temperature, curve_of, fit_temperature, fit_thresholds
from data.errors import DecisionError
from data.proposals.runs import proposals_by_frame
from data.snapshot.folder import Snapshot, load_snapshot
from data.snapshot.judged import JUDGED_DEVELOPMENT, read_judged
from data.store.opening import Store
from data.store.tables import ModelRun
from data.vlm.model_card import write_model_card
from data.vlm.weights import Weights, read_weights

Probabilities = dict[str, tuple[float, float, float]]
"""By frame id, in the order of LEVELS."""


def decide_for_model(
    model: Path,
    snapshot: Path,
    *,
    run: str | None = None,
    store: Callable[[], Store] | None = None,
    costs: Costs = COSTS,
    false_calls: float = 1.0,
) -> ModelDecision:
    """Fit the decision and write it into the model's folder, whose card then tells of it.

    run: whose stored probabilities are used; without it those that training's last look left beside the weights.
    Raises ProposalError for a folder without a record, DecisionError: another snapshot than the weights were trained
    on, answers of other weights, no development part, none of it TELEOPERATION, frames without probabilities.
    """
    weights, frozen = read_weights(model), load_snapshot(snapshot, check_images=False)
    _refuse_other_snapshot(model, weights, frozen)
    if run is not None and store is not None:
        with store().read() as session:
            said = _of_run(session, run, weights, model)
    else:
        said = _left_by_training(model)
    decision = _fitted(frozen, weights, said, costs, false_calls)
    write_decision(model, decision)
    write_model_card(model)
    return decision


def _fitted(
    frozen: Snapshot, weights: Weights, said: Probabilities, costs: Costs, false_calls: float
) -> ModelDecision:
    frames = frozen.development
    if not frames:
        raise DecisionError(
            f"{frozen.folder} has no development part to fit a decision on: freeze one with --development 0.1."
        )
    if missing := [one.frame_id for one in frames if one.frame_id not in said]:
        raise DecisionError(
            f"{len(missing)} of {len(frames)} development frames have no level probabilities, {missing[0]} among them: "
            "propose with an endpoint that returns logprobs, or train with watch in the recipe."
        )
    levels, raw = [one.level for one in frames], [said[one.frame_id] for one in frames]
    temperature = fit_temperature(levels, raw)
    rows = at_temperature(raw, temperature)
    teleoperation, supervision = fit_thresholds(levels, rows, costs=costs, false_calls=false_calls)
    calls = [row[T.rank] >= teleoperation for row in rows]
    return ModelDecision(
        weights=weights.revision,
        snapshot_hash=frozen.manifest.snapshot_hash,
        reply_form=weights.form,
        temperature=temperature,
        teleoperation=teleoperation,
        supervision=supervision,
        costs={right: dict(of_one) for right, of_one in costs.items()},
        frames=len(frames),
        scenes=len({one.scene_id for one in frames}),
        by_level=dict(Counter(levels)),
        missed=sum(not called for called, level in zip(calls, levels, strict=True) if level is T),
        false=sum(called for called, level in zip(calls, levels, strict=True) if level is not T),
        curve=[
            CurvePoint(threshold=one.threshold, missed=one.missed, false=one.false)
            for one in curve_of(levels, rows)
        ],
    )


def _refuse_other_snapshot(model: Path, weights: Weights, frozen: Snapshot) -> None:
    trained_on = str(weights.lineage["snapshot_hash"])
    if trained_on != frozen.manifest.snapshot_hash:
        raise DecisionError(
            f"{model} was trained on the snapshot {trained_on[:12]}, not on {frozen.manifest.snapshot_hash[:12]} "
            f"({frozen.folder}): its training scenes may be development scenes there."
        )


def _left_by_training(model: Path) -> Probabilities:
    path = model / JUDGED_DEVELOPMENT
    if not path.is_file():
        raise DecisionError(
            f"{model} has no {JUDGED_DEVELOPMENT}, which a watched training leaves: train with watch in the recipe, or "
            "name a run of these weights with --run."
        )
    return {one.frame_id: one.probabilities for one in read_judged(path)}


def _of_run(session: Session, name: str, weights: Weights, model: Path) -> Probabilities:
    run = session.exec(select(ModelRun).where(ModelRun.name == name)).first()
    if run is None:
        raise DecisionError(f"There is no run {name!r}.")
    if run.revision != weights.revision:
        raise DecisionError(
            f"The run {name} was answered by the weights {(run.revision or 'unknown')[:12]}, not by those in {model} "
            f"({weights.revision[:12]}): propose with --weights {model}."
        )
    found: Probabilities = {}
    for frame_id, proposal in proposals_by_frame(session, run).items():
        if chances := proposal.level_probabilities:
            found[frame_id] = (chances[0], chances[1], chances[2])
    return found


def in_words(decision: ModelDecision, folder: Path) -> list[str]:
    """What was chosen, and what it gave on the development part."""
    right = decision.by_level.get(T, 0)
    others = decision.frames - right
    return [
        f"TELEOPERATION from a probability of {decision.teleoperation:.4g} on, SUPERVISION from "
        f"{decision.supervision:.4g} for it or more, at temperature {decision.temperature:.3g}; decision "
        f"{decision.hash} in {folder}.",
        f"On {decision.frames:,} development frames of {decision.scenes:,} scenes it misses {decision.missed:,} of "
        f"{right:,} TELEOPERATION frames and calls {decision.false:,} of {others:,} others. It was chosen on them: "
        "evaluate says what it gives on held-out ones.",
    ]
