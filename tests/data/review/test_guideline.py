from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import text

from data.errors import GuidelineRefused, NotAllowed
from data.review.guideline import (
    Guideline,
    GuidelineChange,
    current_guideline,
    guideline_history,
    guideline_in_force,
    guideline_text,
    guideline_version,
    read_guideline,
    readers,
    unread_change,
    write_guideline,
)
from data.review.serving import lease_frames
from data.store.opening import Store
from data.vocabulary import PersonRole
from tests.builders import S, a_person, a_store, reviewed

pytestmark = pytest.mark.each_store


def written(store: Store, lead: int, words: str) -> Guideline:
    return write_guideline(store, lead, words, note=f"It now says {words}.")


def a_review_by(store: Store, person: int) -> None:
    frame = lease_frames(store, person, n=1)[0].frame.id
    reviewed(store, person, frame, S, guideline_version=current_guideline(store).version)


def unread(store: Store, person: int) -> GuidelineChange | None:
    with store.read() as session:
        return unread_change(session, person, guideline_in_force(session))


def test_the_projects_own_text_is_version_one_and_every_later_one_has_number_author_and_note(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path)
    lena = a_person(store, "lena", PersonRole.LEAD)
    assert current_guideline(store) == Guideline(guideline_text(), guideline_version(), 1)
    first, second = written(store, lena, "# One"), written(store, lena, "# Two")
    assert current_guideline(store) == second
    history = guideline_history(store)
    assert [one.version for one in history] == [second.version, first.version, guideline_version()]
    told = [(one.number, one.author, one.note) for one in history]
    assert told == [(3, "lena", "It now says # Two."), (2, "lena", "It now says # One."), (1, None, None)]


def test_annotators_do_not_write_the_guideline_and_nobody_writes_it_twice_empty_or_without_a_note(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path)
    ada, lena = a_person(store), a_person(store, "lena", PersonRole.LEAD)
    with pytest.raises(NotAllowed):
        written(store, ada, "# Mine")
    with pytest.raises(GuidelineRefused):
        written(store, lena, "  ")
    with pytest.raises(GuidelineRefused, match="exactly this"):
        write_guideline(store, lena, current_guideline(store).text, note="Nothing changed.")
    written(store, lena, "# One")
    with pytest.raises(GuidelineRefused, match="lena published version 2 meanwhile"):
        write_guideline(store, lena, "# Other", note="Another change.", follows=1)
    with pytest.raises(GuidelineRefused, match="what changed and why"):
        write_guideline(store, lena, "# New", note=" ")


def test_people_who_worked_by_another_version_see_the_change_until_they_have_read_it(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 8, "scene-0002": 8})
    lena = a_person(store, "lena", PersonRole.LEAD)
    ada, newcomer = a_person(store, "ada"), a_person(store, "ben")
    a_review_by(store, ada)
    assert unread(store, ada) is None
    second = written(store, lena, "# Two")
    a_review_by(store, ada)  # going on under the new version is not reading it
    change = unread(store, ada)
    assert change is not None
    assert (change.before.number, change.now) == (1, second)
    assert (unread(store, newcomer), unread(store, lena)) == (None, None)
    with store.read() as session:
        assert readers(session) == (0, 1)
    read_guideline(store, ada, 2)
    read_guideline(store, ada, 2)
    assert unread(store, ada) is None
    with store.read() as session:
        assert readers(session) == (1, 1)
    written(store, lena, "# Three")
    change = unread(store, ada)
    assert change is not None
    assert (change.before.number, change.now.number) == (2, 3)
    with pytest.raises(GuidelineRefused, match="version 3 is"):
        read_guideline(store, ada, 2)


@pytest.mark.parametrize("statement", ["UPDATE guideline_text SET text = 'x'", "DELETE FROM guideline_text"])
def test_the_store_itself_keeps_every_text(tmp_path: Path, statement: str) -> None:
    store = a_store(tmp_path)
    written(store, a_person(store, "lena", PersonRole.LEAD), "# One")
    with pytest.raises(DBAPIError, match="never changed"), store.write() as session:
        session.connection().execute(text(statement))
