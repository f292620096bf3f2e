from __future__ import annotations

from typing import Any

import pytest

from data.errors import AnnotationRefused
from data.label_studio.annotations import Annotation, answered, author, read_annotation, refuse_forged
from data.label_studio.tasks import result_of
from data.vocabulary import Assessment, TriageLevel
from tests.builders import S, T

EMAILS = {2: "Ada@example.org", 4: "eve@example.org"}
TIMES = {"created_at": "2026-11-26T10:00:00.000001Z", "updated_at": "2026-11-26T10:00:01Z"}


def said(level: TriageLevel) -> Assessment:
    return Assessment(reasoning="A person says so.", level=level, action="Do what fits.")


def an_annotation(**fields: Any) -> Annotation:
    given = {"id": 7, "project": 3, "completed_by": 2, "updated_by": 2, "result": result_of(said(S)), **TIMES}
    return read_annotation({**given, **fields})


def test_an_annotation_is_the_same_wherever_it_is_read() -> None:
    annotation = an_annotation(lead_time=12.5)
    assert annotation.key == "3-7-1795687200000001"
    assert annotation.seconds_shown == 12.5
    assert answered(annotation) == said(S)
    assert author(annotation, EMAILS) == "ada@example.org"
    assert (
        author(an_annotation(completed_by={"id": 9, "email": "Ben@Example.org"}), EMAILS) == "ben@example.org"
    )


@pytest.mark.parametrize("lead_time", [None, -1.0, 1e9])
def test_a_time_that_makes_no_sense_is_none(lead_time: float | None) -> None:
    assert an_annotation(lead_time=lead_time).seconds_shown is None


def test_a_text_area_may_hold_several_lines_or_a_bare_string() -> None:
    assert answered(an_annotation(result=with_text(["Slow", " down."]))).action == "Slow down."
    assert answered(an_annotation(result=with_text("Stop."))).action == "Stop."


def without(name: str) -> list[dict[str, Any]]:
    return [item for item in result_of(said(S)) if item["from_name"] != name]


def with_level(*choices: Any) -> list[dict[str, Any]]:
    return [*without("level"), {"from_name": "level", "value": {"choices": list(choices)}}]


def with_text(text: Any) -> list[dict[str, Any]]:
    return [*without("action"), {"from_name": "action", "value": {"text": text}}]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (with_level("NOPE"), "the level is 'NOPE', which is none of the three"),
        (with_level("AUTONOMY", "SUPERVISION"), "it chooses 2 levels and not one"),
        (with_level({}), "the level is an object, which is none of the three"),
        (with_level([]), "the level is a list, which is none of the three"),
        (with_level(True), "the level is True, which is none of the three"),
        (with_level(), "it chooses 0 levels and not one"),
        ([*without("level"), {"from_name": "level", "value": None}], "it chooses no levels and not one"),
        (without("level"), "the control level is missing"),
        (without("reasoning"), "the control reasoning is missing"),
        ([], "the control level is missing"),
        ([*result_of(said(S)), *result_of(said(T))], "the control level stands twice"),
        (with_text([""]), "its action is not taken: String should have at least 1 character"),
        (with_text(["x" * 301]), "its action is not taken: String should have at most 300 characters"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_its_reason(result: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(AnnotationRefused) as refused:
        answered(an_annotation(result=result))
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("fields", "imported", "reason"),
    [
        ({"updated_by": 4}, True, "it stands under ada@example.org but was written by eve@example.org"),
        ({"updated_by": 9}, True, "it stands under ada@example.org but was written by somebody unknown"),
        ({"updated_by": None}, False, "it was imported under ada@example.org, not written by them"),
        ({"completed_by": 9}, True, "user 9 is not among the known users"),
        ({"completed_by": {"id": 9}}, True, "user 9 is not among the known users"),
        ({"completed_by": None}, True, "it does not say who answered"),
    ],
)
def test_authors_are_not_taken_on_trust(fields: dict[str, Any], imported: bool, reason: str) -> None:
    annotation = an_annotation(**fields)
    with pytest.raises(AnnotationRefused) as refused:
        judged(annotation, imported)
    assert str(refused.value) == reason


def judged(annotation: Annotation, imported: bool) -> None:
    author(annotation, EMAILS)
    refuse_forged(annotation, EMAILS, imported=imported)


@pytest.mark.parametrize("nobody", [True, {"id": True}])
def test_true_is_nobodys_number(nobody: object) -> None:
    """Python takes True for 1, which may be somebody."""
    with pytest.raises(AnnotationRefused):
        author(an_annotation(completed_by=nobody), {1: "admin@example.org"})


def test_a_file_may_hold_what_nobody_wrote_in_the_editor() -> None:
    refuse_forged(an_annotation(updated_by=None), EMAILS, imported=True)
    refuse_forged(an_annotation(), EMAILS, imported=False)


def test_what_has_not_the_form_of_an_annotation_is_refused() -> None:
    with pytest.raises(AnnotationRefused, match="its created_at cannot be read"):
        an_annotation(created_at="yesterday")
    with pytest.raises(AnnotationRefused, match="its result cannot be read"):
        an_annotation(result="SUPERVISION")
