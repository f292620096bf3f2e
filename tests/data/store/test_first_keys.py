"""Keys that are made when they are first needed, by whoever needs them first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from data.store.keys import serving_key
from data.store.opening import open_store
from tests.stores import new_store_url

pytestmark = pytest.mark.each_store
PEOPLE = 6


def test_people_who_come_first_at_once_draw_with_one_key(tmp_path: Path) -> None:
    store = open_store(tmp_path, url=new_store_url(), create=True)
    together = Barrier(PEOPLE)

    def first_act(_person: int) -> bytes:
        together.wait()
        with store.write() as session:
            return serving_key(session)

    with ThreadPoolExecutor(PEOPLE) as people:
        assert len(set(people.map(first_act, range(PEOPLE)))) == 1
