"""How often intervals that carry the errors of labels hold the truth, on simulated projects."""

from __future__ import annotations

from data.vocabulary import TriageLevel
from eval.metrics.shares import MISSED_TELEOPERATION, RECALL
from tests.eval.evaluation.label_simulation import World, holding


def test_where_reviewers_err_alike_labels_as_they_are_lead_astray_and_their_errors_carried_do_not() -> None:
    figure = RECALL[TriageLevel.SUPERVISION].key
    with_labels, without = holding(World(scenes=80, frames=40, errors=2.5), figure, 15)
    assert with_labels >= 0.86
    assert without <= 0.6


def test_the_truth_is_held_where_leads_have_settled_half_of_the_disagreements_and_some_frames_are_hard() -> (
    None
):
    world = World(left=0.5, errors=2.0, with_hard_frames=True)
    with_labels, _ = holding(world, MISSED_TELEOPERATION.key, 20)
    assert with_labels >= 0.85
