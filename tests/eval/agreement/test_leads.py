"""What leads see on odd stores: nobody, one person, one level, somebody who left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from data.overview.forecast import forecast
from data.review.blind_audits import open_audit
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import Person
from data.text.csv_text import csv_text
from data.vocabulary import Mode, PersonRole, Split, TriageLevel
from eval.agreement.coefficients import ONE_LEVEL
from eval.agreement.from_store import agreement
from eval.agreement.report import agreement_html, as_figures, write_agreement_report
from eval.annotators.automation_bias import Observation, bias
from eval.annotators.dawid_skene import confusion_matrices
from eval.annotators.from_store import people_summary
from eval.annotators.gold_score import golds_needed, judged
from eval.certificate.from_store import trust
from eval.statistics.rate import Rate, Undefined
from tests.builders import A, S, T, a_person, a_store, reviewed

pytestmark = pytest.mark.each_store

SCENES = {"scene-0001": 6, "scene-0002": 6, "scene-0003": 6, "scene-0004": 6}


def frames_on(store: Store, person_id: int, side: Split) -> list[str]:
    return [one.frame.id for one in lease_frames(store, person_id, n=100) if one.scene.split is side]


def test_a_store_without_reviews_has_no_agreement_and_nobody_to_show(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    found = agreement(store)
    assert (found.independent.ratings, found.independent.rated_twice) == (0, 0)
    assert all(isinstance(one.value, Undefined) for one in found.independent.estimates)
    assert people_summary(store).people == []
    assert forecast(store).per_day is None


def test_one_annotator_alone_agrees_with_nobody(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    ada = a_person(store)
    for frame_id in frames_on(store, ada, Split.HELD_OUT)[:3]:
        reviewed(store, ada, frame_id, T)
    found = agreement(store).independent
    assert (found.people, found.rated_twice, found.pair) == (1, 0, None)
    assert people_summary(store).people[0].peers is None


def test_two_people_who_always_say_the_same_level_leave_agreement_undefined(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    for frame_id in frames_on(store, ada, Split.HELD_OUT):
        reviewed(store, ada, frame_id, S)
        reviewed(store, ben, frame_id, S)
    by_name = {one.name: one for one in agreement(store).independent.estimates}
    assert by_name["Krippendorff's alpha, ordinal"].value == ONE_LEVEL
    assert by_name["Gwet's AC1"].value == ONE_LEVEL
    supervision = by_name["SUPERVISION agreement"].value
    assert isinstance(supervision, Rate)
    assert supervision.value == 1.0


def a_disagreement(tmp_path: Path) -> tuple[Store, int, int]:
    store = a_store(tmp_path, scenes=SCENES, teacher=A)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    for number, frame_id in enumerate(frames_on(store, ada, Split.HELD_OUT)):
        reviewed(store, ada, frame_id, T if number == 0 else [A, S][number % 2])
        reviewed(store, ben, frame_id, A if number == 0 else [A, S][number % 2])
    return store, ada, ben


def test_autonomy_against_teleoperation_is_listed_by_frame(tmp_path: Path) -> None:
    store, _, _ = a_disagreement(tmp_path)
    found = agreement(store).independent
    assert len(found.conflicts) == 1
    assert found.conflicts[0].filename.startswith("samples/CAM_FRONT/")
    figures = as_figures(agreement(store))["independent"]
    assert figures["teleoperation_autonomy_conflicts"] == [found.conflicts[0].filename]
    teleoperation = next(one for one in figures["figures"] if one["name"] == "TELEOPERATION agreement")
    assert (teleoperation["value"], teleoperation["n"]) == (0.0, 1)


def test_an_annotator_who_left_keeps_what_they_said(tmp_path: Path) -> None:
    store, _, ben = a_disagreement(tmp_path)
    with store.write() as session:
        person = session.exec(select(Person).where(Person.id == ben)).one()
        person.is_disabled = True
        session.add(person)
    work = {one.person_id: one for one in people_summary(store).people}
    assert not work[ben].is_active
    assert work[ben].peers is not None
    assert agreement(store).independent.people == 2


def test_the_page_and_the_csv_hold_the_figures_and_no_markup_of_others(tmp_path: Path) -> None:
    store, ada, _ = a_disagreement(tmp_path)
    with store.write() as session:
        person = session.exec(select(Person).where(Person.id == ada)).one()
        person.display_name = "<script>alert(1)</script>"
        session.add(person)
    found = agreement(store)
    page = agreement_html(found)
    assert "<script" not in page
    assert "Krippendorff&#x27;s alpha, ordinal" in page
    assert write_agreement_report(found, tmp_path / "out").read_text() == page


def test_cells_that_a_spreadsheet_would_run_are_text() -> None:
    rows = [{"name": text} for text in ("=1", "+1", "-1", "@a", "\tb", "fine")]
    assert csv_text(rows).split("\r\n")[1:3] == ["'=1", "'+1"]
    assert csv_text(rows).count("'") == 5
    assert csv_text([]) == ""


def golds(recall: float, n: int, seed: int) -> list[bool]:
    return [bool(one < recall) for one in np.random.default_rng(seed).random(n)]


def test_a_good_eye_passes_after_some_golds_and_a_poor_one_fails() -> None:
    assert judged([True] * 43) == Undefined("not decided after 43; 1 more without a miss would pass")
    assert judged([True] * 44) is True
    assert judged([False, False]) is False
    assert judged([]) == Undefined("not decided after 0; 44 more without a miss would pass")


def test_a_judgement_stands_until_the_next_and_later_ones_ask_for_more() -> None:
    failed = [False, False]
    assert judged([*failed, *[True] * 56]) is False
    assert judged([*failed, *[True] * 57]) is True
    assert golds_needed(1) == 57


def test_looking_after_every_gold_misjudges_as_few_people_as_it_says() -> None:
    """Limits for one look passed nine in ten at some time in 300 golds in 16 of 100 cases."""
    passed = sum(
        any(judged(seen[:n]) is True for n in range(44, 301, 8))
        for seen in (golds(0.90, 300, seed) for seed in range(60))
    )
    failed = sum(
        any(judged(seen[:n]) is False for n in range(2, 301, 8))
        for seen in (golds(0.98, 300, seed) for seed in range(60))
    )
    assert passed <= 6
    assert failed <= 10


def observations(mode: Mode, *, n: int, follows: float, true: TriageLevel = T) -> list[Observation]:
    return [
        Observation(1, f"scene-{i // 10}", mode, A, true, A if i * 37 % 100 < 100 * follows else true)
        for i in range(n)
    ]


def test_a_planted_bias_of_twenty_points_is_found() -> None:
    seen = observations(Mode.ASSISTED, n=400, follows=0.3) + observations(Mode.BLIND, n=400, follows=0.1)
    found = bias(seen)
    assert found.effect == pytest.approx(0.20)
    assert found.effect_interval is not None
    assert not isinstance(found.effect_interval, Undefined)
    assert found.effect_interval.low < 0.20 < found.effect_interval.high


def test_too_little_data_gives_no_effect_but_says_how_much_is_missing() -> None:
    found = bias(
        observations(Mode.ASSISTED, n=400, follows=0.3) + observations(Mode.BLIND, n=18, follows=0.1)
    )
    assert found.effect is None
    assert [one.needed for one in found.shares[:2]] == [0, 12]


def test_dawid_and_skene_see_who_overlooks_teleoperation() -> None:
    rng = np.random.default_rng(2)
    true = rng.choice([0, 1, 2], size=400)
    ratings = np.tile(true.astype(float), (3, 1))
    ratings[2, (true == 2) & (rng.random(400) < 0.5)] = 0
    matrices, _ = confusion_matrices(ratings)
    assert matrices[2, 2, 2] == pytest.approx(0.5, abs=0.1)
    assert matrices[0, 2, 2] > 0.95


def test_an_audit_of_every_frame_ends_with_nothing_left_to_certify(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES, teacher=A)
    lead, ada = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada")
    open_audit(store, lead)
    for frame_id in frames_on(store, ada, Split.TRAIN):
        reviewed(store, ada, frame_id, A)
    certificate = trust(store).certificate
    assert certificate is not None
    assert (certificate.frames, certificate.is_exhausted, certificate.is_given) == (0, True, False)
