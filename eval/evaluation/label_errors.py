"""Verified levels that may be wrong: where an aligned model is sure of another one, or every run says another one.

What is found is a reason to look again, never a verdict: nobody is shown what the model said when they do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.vocabulary import LEVELS
from eval.metrics.answers import Answers
from eval.metrics.triage_metrics import NO_ASSESSMENT

CONFIDENT = 0.9
FEWEST_RUNS = 3


def doubts(runs: Sequence[Answers], aligned: Sequence[str]) -> dict[int, str]:
    """Place of each suspicious frame, and why (one sentence); frames in order of place.

    An aligned run gives another level at least 0.9; or three or more runs that are of one mind say another level.
    """
    found: dict[int, str] = {}
    for run in runs:
        if run.name in aligned:
            found |= _confident(run) | found
    return dict(sorted((_of_one_mind(runs) | found).items()))


def _confident(run: Answers) -> dict[int, str]:
    p = np.nan_to_num(run.probabilities)
    level = p.argmax(axis=1)
    places = np.flatnonzero((p.max(axis=1) >= CONFIDENT) & (level != run.true))
    return {
        int(place): f"{run.name} gives {LEVELS[level[place]].value} {p[place].max():.2f} "
        f"and the verified level {p[place, run.true[place]]:.2f}."
        for place in places
    }


def _of_one_mind(runs: Sequence[Answers]) -> dict[int, str]:
    if len(runs) < FEWEST_RUNS:
        return {}
    said = np.stack([run.said for run in runs])
    same = (said == said[0]).all(axis=0) & (said[0] != NO_ASSESSMENT) & (said[0] != runs[0].true)
    return {
        int(place): f"All {len(runs)} runs say {LEVELS[said[0, place]].value}."
        for place in np.flatnonzero(same)
    }
