from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from annotator.widgets.coverage_table import coverage_html
from annotator.widgets.frame_links import counted_frames, frames_address
from data.find.pages import find_frames
from data.find.question import About, from_address
from data.review.serving import lease_frames, release_leases
from data.vocabulary import LEVELS, PersonRole, Split
from eval.agreement.from_store import agreement
from tests.builders import A, S, T, a_person, a_store, reviewed
from tests.eval.coverage.test_coverage_from_store import a_foggy_store, found_in


def test_each_cell_of_the_agreement_matrix_leads_to_as_many_frames_as_it_counts(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={f"scene-{n:04}": 6 for n in range(1, 5)})
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    lena = a_person(store, "lena", PersonRole.LEAD)
    held_out = [one.frame.id for one in lease_frames(store, ada, n=100) if one.scene.split is Split.HELD_OUT]
    release_leases(store, ada)
    for number, frame in enumerate(held_out):
        reviewed(store, ada, frame, [A, S, T][number % 3])
        reviewed(store, ben, frame, [A, S, S, T][number % 4])
    found = agreement(store).independent
    assert found.accounts is not None
    assert found.matrix is not None
    cells = 0
    for row, first in zip(found.matrix, LEVELS, strict=True):
        for n, second in zip(row, LEVELS, strict=True):
            rated = [
                (About.OWN, f"{found.accounts[0]}:{first.value}"),
                (About.OWN, f"{found.accounts[1]}:{second.value}"),
            ]
            address = frames_address(*rated, (About.GENERATED, "no"))
            page = find_frames(store, lena, from_address(address.partition("?")[2]))
            assert page.n == n, address
            cells += n > 0
    assert cells > 3


def test_each_number_of_the_coverage_leads_to_as_many_frames_as_it_counts(tmp_path: Path) -> None:
    store = a_foggy_store(tmp_path)
    lena = a_person(store, "lena", PersonRole.LEAD)
    links = re.findall(r'href="frames\?([^"]*)"[^>]*>(\d+)<', coverage_html(found_in(store, tmp_path)))
    assert {int(n) for _, n in links} == {6, 3, 2}
    for query, n in links:
        assert find_frames(store, lena, from_address(unescape(query))).n == int(n), query


def test_a_number_of_frames_is_a_link_to_them() -> None:
    link = counted_frames(1200, (About.PERSON, 'a"&b'))
    assert link == '<a href="frames?person=a%22%26b" target="_self">1,200</a>'
    assert counted_frames(0, (About.CUE, "rain")) == "0"
