"""The live demo calls levels by the decision that was fitted for its model."""

from __future__ import annotations

from annotator.demo.running import asked_of_miniature
from data.demo.miniature.kept import kept_decision
from data.vocabulary import TriageLevel


def test_the_miniature_is_asked_with_its_own_decision() -> None:
    asked, decision = asked_of_miniature("http://127.0.0.1:1/v1"), kept_decision()
    assert asked.decision == decision
    assert asked.revision == decision.weights  # the monitor's run names the weights that it is for
    likeliest_is_autonomy = (0.45, 0.3, 0.25)
    assert decision.level(TriageLevel.AUTONOMY, likeliest_is_autonomy) is TriageLevel.TELEOPERATION
    assert decision.missed < decision.by_level[TriageLevel.TELEOPERATION] / 10
