"""What runs say of generated frames, as a block of its own: never added to the figures on real frames."""

from __future__ import annotations

from collections.abc import Sequence

from eval.evaluation.evaluate import EvaluatedRun, evaluate
from eval.evaluation.reference import ReferenceFrame
from eval.evaluation.result import Evaluation, FrameAccount, GeneratedResult, GeneratedRun, LeftOut, Lineage


def with_generated(
    evaluation: Evaluation,
    frames: Sequence[ReferenceFrame],
    runs: Sequence[EvaluatedRun],
    scenarios: dict[str, str],
    rejected_clips: int,
) -> Evaluation:
    """The evaluation with what the runs say of generated frames beside it.

    frames: the verified held-out generated ones, under the scene that each was made of. scenarios: by frame id.
    Unchanged where there are neither such frames nor rejected clips.
    """
    if not frames and not rejected_clips:
        return evaluation
    apart = evaluate(frames, runs, lineage=Lineage())
    counts: dict[str, int] = {}
    for frame in frames:
        name = scenarios.get(frame.frame_id, "unknown")
        counts[name] = counts.get(name, 0) + 1
    made = GeneratedResult(
        frames=apart.frames,
        scenarios=dict(sorted(counts.items())),
        rejected_clips=rejected_clips,
        runs=[
            GeneratedRun(
                name=run.name, is_stand_in=run.is_stand_in, confusion=run.confusion, figures=run.figures
            )
            for run in apart.runs
        ],
    )
    return evaluation.model_copy(
        update={"generated": made, "frames": _left_out(evaluation.frames, len(frames))}
    )


def _left_out(account: FrameAccount, generated: int) -> FrameAccount:
    if not generated:
        return account
    reason = LeftOut(reason="verified, but generated: shown apart", frames=generated)
    return account.model_copy(update={"left_out": [*account.left_out, reason]})
