"""How a report shows words against what is there."""

from __future__ import annotations

from data.vocabulary import TriageLevel
from eval.evaluation.evaluate import evaluate
from eval.grounding.figures import Cutter, GroundingFigures, MarkedText
from eval.report.render import render_html, render_markdown
from tests.eval.builders import LINEAGE, a_frame, a_run, an_answer
from tests.eval.grounding_figures import grounding
from tests.eval.report.test_report import two_runs

T, A = TriageLevel.TELEOPERATION, TriageLevel.AUTONOMY
MARKED = MarkedText(
    frame_id="f|1",
    name="run",
    part="reasoning",
    text="A <b>dog</b> waits.",
    marks=[(5, 8, "no | animal here")],
)


def shown(found: GroundingFigures) -> tuple[str, str]:
    evaluation = two_runs().model_copy(update={"grounding": found})
    return render_html(evaluation), render_markdown(evaluation)


def test_rates_and_marked_words_are_shown_as_plain_text() -> None:
    html, text = shown(grounding(examples=[MARKED], left_out=2))
    for page in (html, text):
        assert "What it says against what is there" in page
        assert "are cut into assertions by rules 0123456789abcdef." in page
        assert "2 more texts: filter the frames" in page
    assert '<mark title="no | animal here">dog</mark>' in html
    assert "<b>dog" not in html + text
    assert 'data-path="grounding/runs/0/rates/contradicted/value"' in html
    assert "| f\\|1 | run, reasoning | dog | no \\| animal here |" in text


def test_the_markdown_has_a_row_for_each_run_and_level_and_people() -> None:
    _, text = shown(grounding())
    rows = [line for line in text.splitlines() if line.startswith(("| a run |", "| people's own words |"))]
    assert [row.split(" | ")[1] for row in rows] == [*("all", "AUTONOMY", "SUPERVISION", "TELEOPERATION")] * 2
    assert {row.count(" | ") for row in rows} == {7}


def test_who_cut_the_words_is_named_with_what_was_lost() -> None:
    cutters = [
        Cutter(by=None, texts={"a run": 5}),
        Cutter(by="tiny* (question ab)", texts={"b": 30}, unusable=2, dropped={"said twice": 3}),
    ]
    html, text = shown(grounding(cutters=cutters))
    said = "5 texts of a run by rules 0123456789abcdef; 30 texts of b by tiny* (question ab). Of tiny* (question ab): "
    lost = "2 replies of no use, cut by the rules instead; 3 assertions dropped (3 said twice)."
    assert f"{said}{lost} Rates of runs that were cut differently cannot be compared." in html
    assert (said + lost).replace("*", "\\*") in text


def test_contradicted_words_are_marked_wherever_a_frame_is_printed() -> None:
    words = "A <i>cyclist</i> rides ahead."
    frames = [a_frame("f1", level=T, reasoning=words), a_frame("f2", level=A, reasoning="All quiet.")]
    run = a_run({"f1": an_answer(A, reasoning=words), "f2": an_answer(T, reasoning=words)}, name="aligned")
    evaluation = evaluate(frames, [run], lineage=LINEAGE)
    marks = {"reasoning": [(5, 12, "no <b>cyclist</b> here")]}
    printed = [
        one.model_copy(
            update={
                "said": {name: said.model_copy(update={"marks": marks}) for name, said in one.said.items()},
                "true": one.true.model_copy(update={"marks": marks if one.true.reasoning == words else {}}),
            }
        )
        for one in (*evaluation.missed, *evaluation.false_alarms)
    ]
    html = render_html(evaluation.model_copy(update={"missed": printed[:1], "false_alarms": printed[1:]}))
    mark = '<mark title="no &lt;b&gt;cyclist&lt;/b&gt; here">cyclist</mark>'
    assert html.count(mark) == 3  # verified and said in the miss, said in the false alarm
    assert html.count('<p class="against">“cyclist”: no &lt;b&gt;cyclist&lt;/b&gt; here.</p>') == 3
