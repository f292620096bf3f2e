from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import FrameStatus, Review
from data.vocabulary import Mode, Verdict
from tests.annotator.conftest import Serve
from tests.builders import S, T, a_person, a_store


@pytest.fixture
def store(tmp_path: Path, serve: Serve) -> Store:
    made = a_store(tmp_path)
    serve(tmp_path / "workspace")
    return made


def plain_page(person_id: int) -> None:
    from annotator.runtime import store
    from annotator.screens import review_plain
    from data.store.tables import Person

    with store().read() as session:
        person = session.get_one(Person, person_id)
    review_plain.show(person)


def opened(store: Store, mode: Mode) -> tuple[AppTest, int]:
    """The page of somebody who is served a frame in this mode first."""
    for number in range(40):
        person = a_person(store, f"ada-{mode.value.replace('_', '-')}-{number}")
        first = lease_frames(store, person, n=1)[0]
        if first.mode is mode:
            page = AppTest.from_function(plain_page, args=(person,), default_timeout=60)
            return page.run(), person
        release_leases(store, person)
    raise AssertionError(f"nobody is served a frame in {mode.value} mode")


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [one for one in page.button if one.label.startswith(label)]
    return button.click().run()


def reviews(store: Store) -> list[Review]:
    with store.read() as session:
        return list(session.exec(select(Review)))


def test_accepting_writes_one_review_and_shows_the_next_frame(store: Store) -> None:
    page, person = opened(store, Mode.ASSISTED)
    press(page, "Accept SUPERVISION")
    (written,) = reviews(store)
    assert (written.person_id, written.verdict, written.level, written.reasoning) == (
        person,
        Verdict.ACCEPT,
        S,
        None,
    )
    assert "You have reviewed 1 frame<" in "".join(str(element.proto) for element in page.main)


def test_correcting_composes_words_that_are_saved(store: Store) -> None:
    page, _ = opened(store, Mode.ASSISTED)
    press(page, "Teleoperation")
    page.selectbox[0].select_index(2).run()
    assert (
        page.text_area[0].value
        == "A person in the roadway directs traffic, which overrides signals and markings."
    )
    press(page, "Save")
    (written,) = reviews(store)
    assert (written.verdict, written.level, written.reason_code) == (Verdict.CORRECT, T, "directing_traffic")


def test_what_stands_in_the_boxes_is_saved_though_the_press_that_saves_ends_the_typing(store: Store) -> None:
    page, _ = opened(store, Mode.ASSISTED)
    press(page, "Teleoperation")
    press(page, "Save")  # no reason is chosen before somebody chooses it
    assert "Not saved. Choose what decides it" in "".join(str(element.proto) for element in page.main)
    page.text_area[0].input("A worker holds up a STOP paddle.")
    page.selectbox[0].select_index(2).run()
    assert page.text_area[0].value == "A worker holds up a STOP paddle."
    page.text_area[1].input("Hold the vehicle.")
    press(page, "Save")
    (written,) = reviews(store)
    assert (written.reasoning, written.action) == ("A worker holds up a STOP paddle.", "Hold the vehicle.")
    assert written.reason_code == "directing_traffic"


def test_blind_offers_nothing_to_accept(store: Store) -> None:
    page, _ = opened(store, Mode.BLIND)
    assert not [button for button in page.button if button.label.startswith("Accept")]
    assert "Cones narrow the lane." not in "".join(str(element.proto) for element in page.main)


def test_decide_first_shows_the_proposal_after_the_own_level_only(store: Store) -> None:
    page, _ = opened(store, Mode.DECIDE_FIRST)
    assert "Cones narrow the lane." not in "".join(str(element.proto) for element in page.main)
    press(page, "Teleoperation")
    assert "Cones narrow the lane." in "".join(str(element.proto) for element in page.main)
    press(page, "Accept SUPERVISION")
    (written,) = reviews(store)
    assert (written.first_level, written.level) == (T, S)


def test_an_empty_queue_says_so(store: Store) -> None:
    person = a_person(store)
    with store.write() as session:
        for status in session.exec(select(FrameStatus)):
            status.reviews_needed = 0
            session.add(status)
    page = AppTest.from_function(plain_page, args=(person,), default_timeout=60).run()
    assert "Nothing to review right now" in "".join(str(element.proto) for element in page.main)


def test_an_answer_can_be_marked_as_unsure(store: Store) -> None:
    page, _ = opened(store, Mode.ASSISTED)
    (mark,) = page.checkbox
    press(mark.check().run(), "Accept")
    assert [one.is_unsure for one in reviews(store)] == [True]
    (mark,) = page.checkbox
    assert not mark.value
