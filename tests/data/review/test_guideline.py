from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import text

from data.errors import GuidelineRefused, NotAllowed
from data.review.guideline import current_guideline, guideline_history, guideline_version, write_guideline
from data.vocabulary import PersonRole
from tests.builders import a_person, a_store

pytestmark = pytest.mark.each_store


def test_the_leads_latest_text_holds_and_the_earlier_ones_stay(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    lena = a_person(store, "lena", PersonRole.LEAD)
    assert current_guideline(store).version == guideline_version()
    first = write_guideline(store, lena, "# One")
    second = write_guideline(store, lena, "# Two")
    assert current_guideline(store) == second
    assert [row.version for row, _ in guideline_history(store)] == [second.version, first.version]


def test_annotators_do_not_write_the_guideline_and_nobody_writes_it_twice_or_empty(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, lena = a_person(store), a_person(store, "lena", PersonRole.LEAD)
    with pytest.raises(NotAllowed):
        write_guideline(store, ada, "# Mine")
    with pytest.raises(GuidelineRefused):
        write_guideline(store, lena, "  ")
    with pytest.raises(GuidelineRefused):
        write_guideline(store, lena, current_guideline(store).text)


@pytest.mark.parametrize("statement", ["UPDATE guideline_text SET text = 'x'", "DELETE FROM guideline_text"])
def test_the_store_itself_keeps_every_text(tmp_path: Path, statement: str) -> None:
    store = a_store(tmp_path)
    write_guideline(store, a_person(store, "lena", PersonRole.LEAD), "# One")
    with pytest.raises(DBAPIError, match="never changed"), store.write() as session:
        session.connection().execute(text(statement))
