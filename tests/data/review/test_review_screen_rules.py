"""What the review screen rests on: settings, the day, notes, the tour."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import NotAllowed, ReviewRefused, SettingsRefused
from data.overview.personal_progress import reviews_today
from data.people.card_settings import DEFAULT_KEYS, CardSettings, save_settings, settings_of
from data.review.notes import Note, close_flags, note_frame, open_flags
from data.review.serving import lease_frames
from data.review.tour import TOUR_FRAMES, GoldCandidate, answer_tour, choose_gold, tour_frames
from data.store.tables import PersonSettings
from data.vocabulary import NoteKind, PersonRole, Split, TriageLevel
from tests.builders import a_person, a_store, frames_of, reviewed

pytestmark = pytest.mark.each_store

A, S, T = TriageLevel


def test_settings_are_kept_per_person(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, eve = a_person(store), a_person(store, "eve")
    save_settings(store, ada, {"keys_on": False, "daily_target": 40})
    assert settings_of(store, ada) == CardSettings(keys_on=False, daily_target=40)
    assert settings_of(store, eve) == CardSettings()


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({**DEFAULT_KEYS, "skip": "U"}, "'u' is assigned twice"),
        ({**DEFAULT_KEYS, "skip": "F13"}, "'F13' cannot be the key for skip"),
        ({"skip": "s"}, "every act needs exactly one key"),
    ],
)
def test_keys_that_do_not_hold_together_are_refused(
    tmp_path: Path, keys: dict[str, str], reason: str
) -> None:
    store = a_store(tmp_path)
    with pytest.raises(SettingsRefused, match=reason):
        save_settings(store, a_person(store), {"keys": keys})


def test_the_day_counts_frames_once_and_takes_the_median(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    frames = [*frames_of("scene-0001"), *frames_of("scene-0002")][:3]
    for frame, seconds in zip(frames, (2.0, 4.0, 9.0), strict=True):
        reviewed(store, ada, frame, S, seconds_shown=seconds)
    day = reviews_today(store, ada)
    assert (day.reviewed, day.median_s, day.timed) == (3, 4.0, 3)
    assert reviews_today(store, a_person(store, "eve")).reviewed == 0


def test_a_flag_stays_open_until_a_lead_closes_it(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, lena = a_person(store), a_person(store, "lena", PersonRole.LEAD)
    frame = lease_frames(store, ada)[0].frame.id
    note_frame(store, ada, Note(token="token-flag", frame_id=frame, kind=NoteKind.FLAG, reason="A tram?"))
    assert [flag.note.reason for flag in open_flags(store)] == ["A tram?"]
    with pytest.raises(NotAllowed):
        close_flags(store, ada, frame, token="token-close")
    close_flags(store, lena, frame, token="token-close")
    assert open_flags(store) == []
    note_frame(store, ada, Note(token="token-again", frame_id=frame, kind=NoteKind.FLAG, reason="A bus?"))
    assert [flag.note.reason for flag in open_flags(store)] == ["A bus?"]


def gold(frame: str, scene: str, level: TriageLevel, weight: int = 1) -> GoldCandidate:
    return GoldCandidate(frame, scene, level, weight)


def test_gold_takes_the_levels_in_turn_and_scenes_apart() -> None:
    candidates = [
        gold("a1", "s1", A), gold("a2", "s2", A), gold("a3", "s3", A),
        gold("s1", "s1", S), gold("s2", "s4", S), gold("t1", "s1", T, 100), gold("t2", "s5", T),
    ]  # fmt: skip
    assert [one.frame_id for one in choose_gold(candidates)] == ["t1", "s2", "a2", "t2", "s1"]


def test_there_is_no_tour_before_five_frames_are_settled(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 12, "scene-0002": 12})
    ada, eve = a_person(store), a_person(store, "eve")
    served = [one for one in lease_frames(store, eve, n=24) if one.scene.split is Split.TRAIN]
    for one in served[: TOUR_FRAMES - 1]:
        reviewed(store, eve, one.frame.id, S)
    assert tour_frames(store, ada) == []
    reviewed(store, eve, served[TOUR_FRAMES - 1].frame.id, S)
    frames = tour_frames(store, ada)
    assert len(frames) == TOUR_FRAMES
    told = answer_tour(store, ada, frames[0].frame.id, A)
    assert told.level is S
    assert len(tour_frames(store, ada)) == TOUR_FRAMES - 1
    with pytest.raises(ReviewRefused):
        answer_tour(store, ada, frames[0].frame.id, S)


def test_settings_from_before_a_key_was_added_keep_what_was_chosen(tmp_path: Path) -> None:
    store = a_store(tmp_path, sampled=False)
    ada = a_person(store)
    older = {act: key for act, key in DEFAULT_KEYS.items() if act != "implausible"}
    with store.write() as session:
        session.add(PersonSettings(person_id=ada, settings={"keys": {**older, "skip": "y"}}, changed_at_us=1))
    assert settings_of(store, ada).keys == {**DEFAULT_KEYS, "skip": "y"}
