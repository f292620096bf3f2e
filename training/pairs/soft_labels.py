"""How sure a pair's label is, by the people who gave it: a pure rule for cDPO's soft labels."""

from __future__ import annotations

from collections.abc import Sequence

from data.errors import TrainingError
from data.snapshot.pairs import PreferencePair

MOST = 0.45
"""At a doubt of a half a pair says nothing, beyond it the opposite: what a lead settled stays the better side."""


def pair_doubts(pairs: Sequence[PreferencePair], *, prior: float | None) -> dict[str, float]:
    """Pair id -> the probability that the level of the rejected side is the right one, 0..MOST.

    Of the people who said one of the pair's two levels, the share that said the rejected one, with `prior` votes that
    disagree as often as people do in all of these frames (where at least two judged). A pair of one level differs in
    words alone: its doubt is 0. prior None: every label is sure.
    Raises TrainingError if a prior is given and no pair says how people voted.
    """
    if prior is None:
        return dict.fromkeys((pair.pair_id for pair in pairs), 0.0)
    if not any(pair.votes for pair in pairs):
        raise TrainingError(
            "The snapshot does not say how many people gave each level, which soft labels are made of: freeze it again "
            "with this version, or set loss.soft_labels: null."
        )
    rate = disagreement(pairs)
    return {pair.pair_id: _doubt(pair, prior, rate) for pair in pairs}


def disagreement(pairs: Sequence[PreferencePair]) -> float:
    """The share of votes against the verified level, over frames that two or more people judged; 0 without any."""
    judged = {pair.frame_id: pair for pair in pairs if sum(pair.votes.values()) > 1}.values()
    votes = sum(sum(pair.votes.values()) for pair in judged)
    against = votes - sum(pair.votes.get(pair.chosen_level, 0) for pair in judged)
    return against / votes if votes else 0.0


def _doubt(pair: PreferencePair, prior: float, rate: float) -> float:
    if pair.chosen_level is pair.rejected_level:
        return 0.0
    right, wrong = (pair.votes.get(level, 0) for level in (pair.chosen_level, pair.rejected_level))
    return min((wrong + prior * rate) / (right + wrong + prior), MOST)
