"""What an evaluation shows and does not show, in sentences made from its figures."""

from __future__ import annotations

from eval.evaluation.label_quality import LabelQuality
from eval.evaluation.result import FrameAccount, RunResult
from eval.metrics.shares import FALSE_TELEOPERATION, MISSED_TELEOPERATION
from eval.presentation.in_words import percent, percent_range
from eval.statistics.intervals import FEWEST_SCENES
from eval.statistics.rate import Undefined
from eval.statistics.values import Figure, Method

ALWAYS_OPEN = (
    "How any of these models does outside this set: other cities, sensors, weather or operators.",
    "How often operators would be called: TELEOPERATION is far rarer in uncurated driving than in a sampled set, and "
    "accuracy, precision and cost move with that share. Recall, UE and missed TELEOPERATION do not, as long as the mix "
    "of cases within a level is the same; a draw that favours edge cases changes it, so see the weighted figures.",
    "That the verified levels are right: they are what people agreed on, and people miss too.",
    "What a vehicle or an operator would have done: every frame was judged alone, without a closed loop.",
)


def what_it_shows(frames: FrameAccount, runs: list[RunResult], method: Method) -> list[str]:
    """The sentences a reader may take away: one on the set, one for each run."""
    levels = ", ".join(f"{n} {level.value}" for level, n in frames.by_level.items())
    first = f"{frames.compared} verified frames from {frames.scenes} {method.unit}s were compared: {levels}."
    if method.unit == "log":
        first += " Whatever this report says of scenes it says of logs: scenes of one drive count as one."
    return [first, *(_claim(run, f"{100 * method.confidence:g}\u00a0%") for run in runs)]


def _claim(run: RunResult, confidence: str) -> str:
    missed = _counted(
        run.figures[MISSED_TELEOPERATION.key], "missed {} of {} true TELEOPERATION frames", confidence
    )
    alarms = _counted(
        run.figures[FALSE_TELEOPERATION.key], "called {} of {} true AUTONOMY frames TELEOPERATION", confidence
    )
    return f"{run.name}{' (stand-in)' if run.is_stand_in else ''} {missed}, and {alarms}."


def _counted(figure: Figure, sentence: str, confidence: str) -> str:
    if isinstance(figure.value, Undefined):
        return f"{sentence.format(0, figure.n)} ({figure.value})"
    counted = f"{sentence.format(figure.count, figure.n)}, {percent(figure.value)}"
    if isinstance(figure.interval, Undefined) or isinstance(figure.clustering, Undefined):
        return f"{counted} (no interval: {getattr(figure.interval, 'reason', 'not a share')})"
    scenes, worth = figure.clustering.scenes, figure.clustering.effective_n
    interval = f"{confidence} interval {percent_range(figure.interval)}"
    return f"{counted} ({interval}; {scenes} scenes, worth {worth:.0f} independent frames)"


def what_it_does_not_show(
    frames: FrameAccount, runs: list[RunResult], labels: LabelQuality | None
) -> list[str]:
    """What would be wrong to conclude: from stand-ins, from few scenes, and what no such report shows."""
    return [
        *_stand_ins(runs),
        *_of_unknown_origin(runs),
        *_scripted(labels),
        *_few_scenes(frames),
        *ALWAYS_OPEN,
    ]


def _stand_ins(runs: list[RunResult]) -> list[str]:
    names = [run.name for run in runs if run.is_stand_in]
    if not names:
        return []
    told = f"{', '.join(names)} {'is a stand-in' if len(names) == 1 else 'are stand-ins'}"
    return [
        f"How good a trained model is: {told}, there to run the path, and these figures say nothing else."
    ]


def _of_unknown_origin(runs: list[RunResult]) -> list[str]:
    names = ", ".join(run.name for run in runs if not run.is_origin_known)
    if not names:
        return []
    return [
        f"Which training {names} comes from: the run does not record it. Ask with --weights to have it recorded."
    ]


def _scripted(labels: LabelQuality | None) -> list[str]:
    if labels is None or not labels.scripted:
        return []
    return [
        f"What people would have decided: {labels.scripted} of {labels.frames} verified frames were labelled by "
        "scripts."
    ]


def _few_scenes(frames: FrameAccount) -> list[str]:
    few = {level: n for level, n in frames.scenes_by_level.items() if n < FEWEST_SCENES}
    if not frames.compared or not few:
        return []
    held = ", ".join(f"{level.value} in {n}" for level, n in few.items())
    return [
        f"How the figures vary between scenes: {held} of {frames.scenes}, and nothing is concluded from fewer than "
        f"{FEWEST_SCENES} scenes that hold a level."
    ]
