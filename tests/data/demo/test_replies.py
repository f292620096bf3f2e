"""True levels and scripted replies: their mix, their planted errors and failures."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from data.demo import scripted_replies, true_assessments
from data.demo.drives.scenes import scene_named, scenes
from data.demo.truth import NARRATIVES
from data.vocabulary import Assessment, ModelRole, TriageLevel

A, S, T = TriageLevel.AUTONOMY, TriageLevel.SUPERVISION, TriageLevel.TELEOPERATION


def _confusion(role: ModelRole) -> Counter[tuple[str, str]]:
    """How often each true level was answered with each level, or with none."""
    truth = true_assessments()
    counts: Counter[tuple[str, str]] = Counter()
    for row in scripted_replies(role):
        said = _parsed(row["raw"])
        counts[truth[row["filename"]].level.value, said.level.value if said else "none"] += 1
    return counts


def _parsed(raw: str) -> Assessment | None:
    match = re.search(r"\{.*\}\s*$", raw, re.DOTALL)
    try:
        return Assessment.model_validate(json.loads(match.group())) if match else None
    except ValueError:
        return None


def _of(role: ModelRole) -> dict[str, str]:
    return {row["filename"]: row["raw"] for row in scripted_replies(role)}


def test_true_levels_keep_the_published_mix() -> None:
    counts = Counter(assessment.level for assessment in true_assessments().values())
    assert (counts[A], counts[S], counts[T]) == (117, 92, 31)


def test_teleoperation_spreads_over_seven_scenes_and_levels_change_within_scenes() -> None:
    truth = true_assessments()
    levels = {scene.name: [truth[scene.filename(k)].level for k in range(20)] for scene in scenes()}
    assert sum(T in said for said in levels.values()) == 7
    assert sum(len(set(said)) > 1 for said in levels.values()) == 11


def test_the_officer_is_autonomy_on_the_sidewalk_and_teleoperation_in_the_lane() -> None:
    truth, scene = true_assessments(), scene_named("scene-9005")
    assert truth[scene.filename(3)].level is A
    assert truth[scene.filename(13)].level is T
    assert "raised hand" in scene_true_reasonings("scene-9005", T)


def scene_true_reasonings(name: str, level: TriageLevel) -> str:
    truth, scene = true_assessments(), scene_named(name)
    found = [truth[scene.filename(frame)] for frame in range(20)]
    return " ".join(assessment.reasoning for assessment in found if assessment.level is level)


def test_the_teachers_confusion_is_as_planted() -> None:
    assert _confusion(ModelRole.TEACHER) == {
        ("AUTONOMY", "AUTONOMY"): 106, ("AUTONOMY", "SUPERVISION"): 10, ("AUTONOMY", "none"): 1,
        ("SUPERVISION", "AUTONOMY"): 14, ("SUPERVISION", "SUPERVISION"): 72,
        ("SUPERVISION", "TELEOPERATION"): 5, ("SUPERVISION", "none"): 1,
        ("TELEOPERATION", "AUTONOMY"): 2, ("TELEOPERATION", "SUPERVISION"): 7,
        ("TELEOPERATION", "TELEOPERATION"): 21, ("TELEOPERATION", "none"): 1,
    }  # fmt: skip


def test_the_students_confusion_leans_to_autonomy() -> None:
    assert _confusion(ModelRole.STUDENT) == {
        ("AUTONOMY", "AUTONOMY"): 107, ("AUTONOMY", "SUPERVISION"): 9, ("AUTONOMY", "none"): 1,
        ("SUPERVISION", "AUTONOMY"): 63, ("SUPERVISION", "SUPERVISION"): 25,
        ("SUPERVISION", "TELEOPERATION"): 3, ("SUPERVISION", "none"): 1,
        ("TELEOPERATION", "AUTONOMY"): 20, ("TELEOPERATION", "SUPERVISION"): 9,
        ("TELEOPERATION", "TELEOPERATION"): 2,
    }  # fmt: skip


@pytest.mark.parametrize("role", [ModelRole.TEACHER, ModelRole.STUDENT])
def test_every_frame_has_one_reply_and_replies_never_change(role: ModelRole) -> None:
    rows = scripted_replies(role)
    assert [set(row) for row in rows] == [{"filename", "role", "model", "raw"}] * 240
    assert {row["filename"] for row in rows} == set(true_assessments())
    assert {(row["role"], row["model"]) for row in rows} == {(role.value, f"scripted-{role.value}")}
    assert rows == scripted_replies(role)


def test_no_replies_are_scripted_for_the_aligned_model() -> None:
    with pytest.raises(ValueError, match="aligned"):
        scripted_replies(ModelRole.ALIGNED)


def test_three_teacher_replies_fail_each_in_its_own_way() -> None:
    raws = _of(ModelRole.TEACHER)
    assert "</think>" not in raws[scene_named("scene-9012").filename(12)]
    assert '"level":"CAUTION"' in raws[scene_named("scene-9007").filename(3)]
    cut = raws[scene_named("scene-9009").filename(18)]
    assert '"reasoning":"' in cut
    assert '"action"' not in cut
    assert sum(_parsed(raw) is None for raw in raws.values()) == 3


def test_two_student_replies_fail_as_prose_and_as_silence() -> None:
    raws = _of(ModelRole.STUDENT)
    assert "{" not in raws[scene_named("scene-9004").filename(3)]
    assert raws[scene_named("scene-9010").filename(12)] == ""
    assert sum(_parsed(raw) is None for raw in raws.values()) == 2


def test_the_teacher_thinks_first_and_the_student_never_does() -> None:
    assert all(raw.startswith("<think>\n") for raw in _of(ModelRole.TEACHER).values())
    assert not any("think" in raw for raw in _of(ModelRole.STUDENT).values())


def test_a_slip_overlooks_what_would_refute_it() -> None:
    raw = _of(ModelRole.TEACHER)[scene_named("scene-9005").filename(11)]
    assert '"level":"SUPERVISION"' in raw
    assert "officer" not in raw
    assert "bright vest" in raw


def test_slips_say_another_level_than_the_true_one() -> None:
    for name, narrative in NARRATIVES.items():
        for slip in narrative.slips:
            assert all(narrative.phase(frame).level is not slip.level for frame in slip.frames), name


def test_no_text_keeps_a_gap_unfilled() -> None:
    for assessment in true_assessments().values():
        assert "{d}" not in assessment.reasoning
    assert not any(
        "{d}" in raw for role in (ModelRole.TEACHER, ModelRole.STUDENT) for raw in _of(role).values()
    )
