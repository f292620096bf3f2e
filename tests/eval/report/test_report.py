from __future__ import annotations

import base64
import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.suspicion.traits import Trait
from data.text.markdown import markdown_text
from data.vocabulary import Cue, ModelRole
from eval.comparison.claim import UNREGISTERED, stated_claim
from eval.evaluation.evaluate import Question, evaluate
from eval.evaluation.label_quality import Agreed, LabelQuality
from eval.evaluation.result import Evaluation
from eval.presentation.in_words import STYLES
from eval.report.frame_image import image_data_uri
from eval.report.render import (
    SCHEMA,
    SIDE_BY_SIDE,
    counted_queries,
    render_html,
    render_markdown,
    write_report,
)
from eval.statistics.rate import Interval, Undefined
from eval.training_levels.figures import DoubtedLevel, TrainingLevelFigures
from eval.training_levels.shortcuts import shortcut_figures
from tests.eval.builders import LINEAGE, A, S, T, a_frame, a_run, an_answer, frames_of
from tests.eval.grounding_figures import grounding

A_BELIEF = {A: (0.8, 0.15, 0.05), S: (0.2, 0.7, 0.1), T: (0.02, 0.03, 0.95), None: (0.4, 0.3, 0.3)}
NOISE = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202e"


class Elements(HTMLParser):
    """Every element with data-path: its attributes and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], list[str]]] = []
        self.tags: list[str] = []
        self._open: list[tuple[str, list[str] | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("meta", "img", "br"):
            return
        texts: list[str] | None = None
        if "data-path" in dict(attrs):
            texts = []
            self.found.append((dict(attrs), texts))
        self._open.append((tag, texts))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _, texts in self._open:
            if texts is not None and data.strip():
                texts.append(data.strip())


@cache
def two_runs() -> Evaluation:
    frames, answers = frames_of([[40, 6, 3, 1], [5, 20, 4, 1], [2, 3, 13, 2]])
    baseline = a_run(
        {frame_id: an_answer(A) for frame_id in answers},
        name="student-zero-shot",
        role=ModelRole.STUDENT,
        is_stand_in=False,
    )
    return evaluate(frames, [baseline, a_run(answers)], lineage=LINEAGE)


@cache
def a_full_evaluation() -> Evaluation:
    """Two runs with probabilities, cues, a claim and label quality: every block has something to show."""
    frames, answers = frames_of([[40, 6, 3, 1], [5, 40, 4, 1], [2, 3, 33, 2]], scenes=12)
    frames = [
        replace(one, cues=frozenset({Cue.RAIN})) if place % 2 else one for place, one in enumerate(frames)
    ]
    plain = a_run(
        {frame_id: an_answer(A, probabilities=(0.7, 0.2, 0.1)) for frame_id in answers},
        name="student-zero-shot",
        role=ModelRole.STUDENT,
    )
    aligned = a_run(
        {frame_id: replace(one, probabilities=A_BELIEF[one.level]) for frame_id, one in answers.items()}
    )
    agreed = Agreed(value=0.8, interval=Interval(0.7, 0.9), n=60)
    labels = LabelQuality(
        frames=140,
        blind=140,
        double=130,
        adjudicated=12,
        scripted=3,
        alpha=agreed,
        teleoperation=agreed,
        conflicts=2,
    )
    claim = stated_claim("missed_teleoperation", 0.05)
    about = dict.fromkeys(("student-zero-shot", "sa-dpo"), UNREGISTERED)
    question = Question(claims=[(claim, about)])
    found = evaluate(frames, [plain, aligned], lineage=LINEAGE, question=question, label_quality=labels)
    return found.model_copy(update={"training_levels": training_levels(), "grounding": grounding()})


def training_levels() -> TrainingLevelFigures:
    """A doubted level, a trait that tells levels and one that too few scenes have."""
    level, scene = np.tile([0, 1, 2], 80), np.repeat(np.arange(24), 10)
    told = Trait("location", ["a", "b", "c"], level)
    unknown = Trait("person", [], np.full(240, -1))
    return TrainingLevelFigures(
        frames=240,
        scenes=24,
        based_on=["teacher", "cues"],
        reason=None,
        doubted=[
            DoubtedLevel(
                frame_id="frame-7",
                verified=A,
                likely=T,
                p_verified=0.1,
                p_likely=0.8,
                why="teacher says <b>T</b>.",
            )
        ],
        left_out=3,
        shortcuts=shortcut_figures([told, unknown], level, scene, exchanges=39),
    )


def at(report: Any, path: str) -> Any:
    for step in path.split("/"):
        report = report[int(step) if isinstance(report, list) else step]
    return report


def test_every_figure_in_the_html_is_that_of_the_json(tmp_path: Path) -> None:
    html = write_report(two_runs(), tmp_path).read_text(encoding="utf-8")
    report = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    figures = [
        entry
        for entry in Elements(html).found
        if "/figures/" in str(entry[0]["data-path"]) and "data-style" not in entry[0]
    ]
    assert len(figures) == 2 * len(SIDE_BY_SIDE) + 2 * len(report["definitions"])
    for attributes, texts in figures:
        figure = at(report, str(attributes["data-path"]))
        text = " ".join(texts)
        assert attributes["data-n"] == str(figure["n"])
        if isinstance(figure["value"], dict):
            assert figure["value"]["reason"] in text
            continue
        assert float(str(attributes["data-value"])) == figure["value"]
        if figure["count"] is None:
            assert f"{figure['value']:.3f}" in text
            assert f"n = {figure['n']}" in text
        else:
            assert attributes["data-count"] == str(figure["count"])
            assert f"{100 * figure['count'] / figure['n']:.1f}\u00a0%" in text
            linked = f"{figure['count']} / {figure['n']}"  # each number may be a link of its own
            assert linked.replace(" ", "") in text.replace(" ", "")
            for ends in (figure["interval"],) if "low" in figure["interval"] else ():
                assert f"{100 * ends['low']:.1f}–{100 * ends['high']:.1f}\u00a0%" in text
        assert_intervals(attributes, figure)


def test_the_markdown_has_every_interval_of_the_html() -> None:
    """Each interval as it is written in the page stands in the Markdown too, or what it lacks one for."""
    evaluation = a_full_evaluation()
    markdown = render_markdown(evaluation)
    written = {
        " ".join(" ".join(texts).split())
        for attributes, texts in Elements(render_html(evaluation)).found
        if "data-low" in attributes
    }
    assert len(written) > 40
    assert {text for text in written if text not in " ".join(markdown.split())} == set()


def test_the_verdict_stands_under_the_title() -> None:
    evaluation = a_full_evaluation()
    html, markdown = render_html(evaluation), render_markdown(evaluation)
    says = "sa-dpo: Missed TELEOPERATION at most 5\u00a0%"
    assert f"<b>Not shown</b> {says}" in html.partition("</header>")[0]
    assert markdown.index("**Not shown** sa-dpo") < markdown.index("## Claims")
    assert "Nothing claimed" in render_html(two_runs()).partition("</header>")[0]


def test_false_alarms_and_confusions_are_shown_with_pictures_beside_the_misses(tmp_path: Path) -> None:
    Image.new("RGB", (160, 90), (200, 30, 30)).save(tmp_path / "frame.png")
    frames, answers = frames_of([[4, 1, 2, 0], [3, 4, 1, 0], [0, 0, 4, 0]])
    frames = [replace(one, image=tmp_path / "frame.png") for one in frames]
    evaluation = evaluate(frames, [a_run(answers, name="aligned")], lineage=LINEAGE)
    assert [one.true.level for one in evaluation.false_alarms] == [A, A, S]
    assert Counter(one.true.level for one in evaluation.confused) == {A: 1, S: 3}
    assert {name for one in evaluation.confused for name in one.wrong_in} == {"aligned"}
    html = render_html(evaluation)
    gallery = html.partition("False alarms")[2]
    assert gallery.count("data:image/jpeg") == 7
    assert f'<a data-app="frame?id={evaluation.false_alarms[0].frame_id}">' in gallery
    assert "## False alarms" in render_markdown(evaluation)


def test_a_run_of_unknown_origin_is_marked() -> None:
    frames, answers = frames_of([[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 4, 0]])
    run = replace(a_run(answers, name="merged", is_stand_in=False), is_origin_known=False)
    evaluation = evaluate(frames, [run], lineage=LINEAGE)
    assert '<span class="stand-in">origin unknown</span>' in render_html(evaluation)
    assert any(one.startswith("Which training merged comes from") for one in evaluation.does_not_show)


def test_every_other_number_in_the_html_is_that_of_the_json(tmp_path: Path) -> None:
    html = write_report(a_full_evaluation(), tmp_path).read_text(encoding="utf-8")
    report = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    seen = [entry for entry in Elements(html).found if "data-style" in entry[0]]
    blocks = {str(attributes["data-path"]).split("/")[0] for attributes, _ in seen}
    assert blocks == {
        "claims",
        "comparisons",
        "deployment",
        "grounding",
        "label_quality",
        "label_uncertainty",
        "load_curves",
        "runs",
        "slices",
        "training_levels",
    }
    for attributes, texts in seen:
        value, style = at(report, str(attributes["data-path"])), str(attributes["data-style"])
        if "data-value" in attributes:
            assert float(str(attributes["data-value"])) == value
            assert texts == [STYLES[style](value)]
        else:
            assert float(str(attributes["data-low"])) == value["low"]
            assert float(str(attributes["data-high"])) == value["high"]
            assert texts == [f"{STYLES[style](value['low'])} to {STYLES[style](value['high'])}"]


def test_the_markdown_holds_the_same_figures_and_its_text_stays_text(tmp_path: Path) -> None:
    evaluation = a_full_evaluation()
    text = render_markdown(evaluation)
    missed = evaluation.runs[1].figures["missed_teleoperation"]
    assert f"{missed.count}/{missed.n}" in text
    assert all(markdown_text(one) in text for one in evaluation.comparisons[0].says)
    assert "The claim" not in render_markdown(two_runs())
    assert "No claim was stated" in render_markdown(two_runs())


def test_training_levels_stand_in_both_reports_as_text(tmp_path: Path) -> None:
    html = write_report(a_full_evaluation(), tmp_path).read_text(encoding="utf-8")
    text = render_markdown(a_full_evaluation())
    assert "<b>T</b>" not in html + text
    for page in (html, text):
        assert "frame-7" in page
        assert "no scenes hold such frames, 10 are needed" in page
        assert "3 more: " in page
    row = next(line for line in text.splitlines() if line.startswith("| location "))
    assert row.count("|") == 9
    assert row.endswith("| 240, 24, 3 | yes |")
    assert next(line for line in text.splitlines() if line.startswith("| person ")).count("|") == 9


def test_the_published_schema_is_that_of_the_data() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert schema == Evaluation.model_json_schema()


def assert_intervals(attributes: dict[str, str | None], figure: dict[str, Any]) -> None:
    for name in ("interval", "wilson", "clopper_pearson"):
        for end in ("low", "high"):
            shown = attributes.get(f"data-{name.replace('_', '-')}-{end}")
            assert (None if shown is None else float(shown)) == figure[name].get(end)


def test_every_cell_of_the_confusion_matrices_is_that_of_the_json(tmp_path: Path) -> None:
    html = write_report(two_runs(), tmp_path).read_text(encoding="utf-8")
    report = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    cells = [entry for entry in Elements(html).found if "confusion" in str(entry[0]["data-path"])]
    assert len(cells) == 2 * 12
    for attributes, texts in cells:
        run, _, row, column = str(attributes["data-path"]).removeprefix("runs/").split("/")
        counts = report["runs"][int(run)]["confusion"][int(row)]
        assert texts == [str(counts[int(column)]), f"{100 * counts[int(column)] / sum(counts):.1f} %"]


def test_a_share_leads_to_the_frames_that_it_counts_where_one_address_asks_for_them() -> None:
    compared = "split=held_out&generated=no"
    assert counted_queries("recall_teleoperation", "a run") == (
        f"{compared}&level=TELEOPERATION&run=a+run%3ATELEOPERATION",
        f"{compared}&level=TELEOPERATION",
    )
    assert counted_queries("no_assessment", "r") == (
        f"{compared}&state=verified&run=r%3Afailed",
        f"{compared}&state=verified",
    )
    assert counted_queries("missed_teleoperation", "r") == (None, f"{compared}&level=TELEOPERATION")
    assert counted_queries("over_escalation_any", "r") == (None, None)
    assert counted_queries("macro_f1", "r") == (None, None)


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    html = render_html(two_runs())
    assert not re.search(r"https?://|url\(|@import|<link|<script|srcset", html)
    assert "default-src 'none'" in html


def test_text_of_models_people_and_names_stays_text() -> None:
    frames = [a_frame("f<1>", scene_id=NOISE, level=T, reasoning=NOISE, action=NOISE)]
    run = a_run(
        {"f<1>": an_answer(A, reasoning=NOISE, action=NOISE)}, name=NOISE, model=NOISE, revision=NOISE
    )
    html = render_html(evaluate(frames, [run], lineage=LINEAGE))
    assert "<script" not in html
    assert "onerror=alert(2)>" not in html
    assert "\u202e" not in html
    assert "‹U+202E›" in html
    assert set(Elements(html).tags).isdisjoint({"script", "iframe", "object", "img"})


def test_stand_ins_are_named_at_the_top_and_a_trained_model_is_not() -> None:
    html = render_html(two_runs())
    warning = html[html.index('class="warning"') : html.index("</aside>")]
    assert "sa-dpo" in warning
    assert "student-zero-shot" not in warning
    assert 'data-run="2 sa-dpo (stand-in)"' in html
    assert 'data-run="1 student-zero-shot"' in html


def test_a_report_without_stand_ins_has_no_warning() -> None:
    frames, answers = frames_of([[3, 0, 0, 0], [0, 3, 0, 0], [0, 0, 3, 0]])
    html = render_html(evaluate(frames, [a_run(answers, is_stand_in=False)], lineage=LINEAGE))
    assert 'class="warning"' not in html
    assert "stand-in</span>" not in html
    assert "Every run called each of the 3 true TELEOPERATION frames TELEOPERATION." in html


def a_picture(path: Path, *, width: int = 1600, height: int = 900) -> Path:
    Image.new("RGB", (width, height), (90, 120, 60)).save(path, exif=b"Exif\x00\x00secret-camera-owner")
    return path


def test_a_missed_frame_is_shown_as_a_small_picture_that_carries_nothing_else(tmp_path: Path) -> None:
    frame = a_frame(
        "f1", level=T, reasoning="An officer stops the lane.", image=a_picture(tmp_path / "f1.jpg")
    )
    run = a_run({"f1": an_answer(A, reasoning="The lane is free.")})
    html = render_html(evaluate([frame], [run], lineage=LINEAGE))
    found = re.search(r'src="data:image/jpeg;base64,([^"]+)"', html)
    assert found is not None
    content = base64.b64decode(found[1])
    assert Image.open(BytesIO(content)).size == (640, 360)
    assert b"secret" not in content
    assert "An officer stops the lane." in html
    assert "The lane is free." in html


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "the image file is missing"),
        (b"", "the image file cannot be read"),
        (b"\xff\xd8\xff\xe0 cut", "the image file cannot be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "the image file cannot be read"),
    ],
)
def test_an_image_that_cannot_be_shown_leaves_its_reason(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "f1.jpg"
    if content is not None:
        path.write_bytes(content)
    assert image_data_uri(path) == Undefined(reason)
    frame = a_frame("f1", level=T, image=path)
    assert reason in render_html(evaluate([frame], [a_run({"f1": an_answer(A)})], lineage=LINEAGE))


def test_an_image_of_too_many_pixels_is_not_opened(tmp_path: Path) -> None:
    path = a_picture(tmp_path / "big.png", width=5000, height=4001)
    assert image_data_uri(path) == Undefined("the image has 5000 x 4001 pixels, more than can be shown")


@pytest.mark.parametrize(
    "matrix",
    [
        [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        [[5, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        [[0, 0, 0, 2], [0, 0, 0, 2], [0, 0, 0, 2]],
    ],
)
def test_sets_without_figures_are_still_a_report(tmp_path: Path, matrix: list[list[int]]) -> None:
    frames, answers = frames_of(matrix, scenes=1)
    html = write_report(evaluate(frames, [a_run(answers)], lineage=LINEAGE), tmp_path).read_text(
        encoding="utf-8"
    )
    assert "not defined" in html
    assert not re.search(r"\bnan\b", html, re.IGNORECASE)


def test_writing_again_replaces_both_files_and_leaves_no_others(tmp_path: Path) -> None:
    write_report(two_runs(), tmp_path / "reports" / "one")
    path = write_report(two_runs(), tmp_path / "reports" / "one")
    assert path == tmp_path / "reports" / "one" / "report.html"
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "evaluation.json",
        "report.html",
        "report.md",
    ]
