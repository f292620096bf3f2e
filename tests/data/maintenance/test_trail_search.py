from __future__ import annotations

from pathlib import Path

import pytest

from data.maintenance.trail_search import Wanted, find_entries
from data.people.accounts import change_role, disable_person
from data.store.opening import Store
from data.vocabulary import PersonRole, TrailAct
from tests.builders import a_person, an_empty_store

pytestmark = pytest.mark.each_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = an_empty_store(tmp_path)
    root = a_person(store, "root", PersonRole.ADMIN)
    a_person(store, "ada")
    change_role(store, "ada", PersonRole.LEAD, by=root)
    disable_person(store, "ada")
    return store


def found(store: Store, wanted: Wanted, *, n: int = 50) -> list[tuple[str, TrailAct, str]]:
    return [(one.who, one.act, one.subject) for one in find_entries(store, None, wanted, n=n)]


def test_entries_are_found_by_who_what_and_on_what_newest_first(store: Store) -> None:
    assert found(store, Wanted(person="root")) == [("root", TrailAct.CHANGED_ROLE, "person:ada")]
    on_ada = [act for _, act, _ in found(store, Wanted(subject="person:ada"))]
    assert on_ada == [TrailAct.DISABLED_PERSON, TrailAct.CHANGED_ROLE, TrailAct.ADDED_PERSON]
    assert found(store, Wanted(act=TrailAct.DISABLED_PERSON, person="-")) == [
        ("-", TrailAct.DISABLED_PERSON, "person:ada")
    ]
    assert found(store, Wanted(person="nobody")) == []
    assert found(store, Wanted(subject="person:%")) == []  # letters, no pattern


def test_seals_are_shown_on_request_and_pages_follow_each_other(store: Store) -> None:
    assert TrailAct.SEALED not in {act for _, act, _ in found(store, Wanted())}
    assert TrailAct.SEALED in {act for _, act, _ in found(store, Wanted(with_seals=True))}
    first = find_entries(store, None, Wanted(), n=2)
    rest = find_entries(store, None, Wanted(before_id=first[-1].id))
    assert [*first, *rest] == find_entries(store, None, Wanted())
    assert found(store, Wanted(since_us=first[0].at_us + 1)) == []
    assert len(found(store, Wanted(until_us=first[0].at_us + 1))) == len(first) + len(rest)
