"""How a report shows words against what is there."""

from __future__ import annotations

from data.vocabulary import TriageLevel
from eval.grounding.figures import GroundingFigures, JudgedText, MarkedText, grounded_texts
from eval.report.render import render_html
from tests.eval.report.test_report import two_runs

S = TriageLevel.SUPERVISION


def test_rates_and_marked_words_are_shown_as_plain_text() -> None:
    text = JudgedText("scene-1", S, 2, 1, 0, 1, True, False, True, False)
    marked = MarkedText(
        frame_id="f1",
        name="run",
        part="reasoning",
        text="A <b>dog</b> waits.",
        marks=[(5, 8, "no animal here")],
    )
    found = GroundingFigures(
        frames=1,
        with_boxes=1,
        runs=[grounded_texts("run", [text], 0.95)],
        people=None,
        examples=[marked],
        left_out=2,
    )
    html = render_html(two_runs().model_copy(update={"grounding": found}))
    assert "What it says against what is there" in html
    assert '<mark title="no animal here">dog</mark>' in html
    assert "<b>dog" not in html
    assert 'data-path="grounding/runs/0/rates/contradicted/value"' in html
