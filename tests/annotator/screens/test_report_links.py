"""A report that the app serves leads to the frames of its figures; one that comes from elsewhere leads nowhere else."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from annotator.screens.report_page import _with_links
from data.find.pages import find_frames
from data.find.question import from_address
from data.vocabulary import PersonRole
from eval.evaluation.from_store import evaluate_runs
from eval.report.render import render_html
from tests.builders import a_person
from tests.eval.coverage.test_coverage_from_store import a_foggy_store

_CELL = re.compile(r'data-cell="(\d+)"><b>(?:<a [^>]*href="/frames\?([^"]*)">)?\1')


def test_each_cell_of_a_served_confusion_matrix_leads_to_as_many_frames_as_it_counts(tmp_path: Path) -> None:
    store = a_foggy_store(tmp_path)
    lead = a_person(store, "lena", PersonRole.LEAD)
    evaluation = evaluate_runs(store, ["test-teacher", "test-student"])
    page = render_html(evaluation)
    served = _with_links(page.encode()).decode()
    cells = _CELL.findall(served)
    assert len(cells) == 2 * 12
    for n, query in cells:
        found = find_frames(store, lead, from_address(unescape(query))).n if query else 0
        assert found == int(n), query
    assert sorted(int(n) for n, query in cells if query) == [2, 2]
    queries = re.findall(r'href="/frames\?([^"]*)"', served)
    assert any("cue=fog" in one for one in queries)
    assert f"like={evaluation.missed[0].frame_id}" in queries
    assert all(from_address(unescape(one)) for one in queries if not one.startswith("frame="))
    assert 'data-app="' not in served
    assert "href=" not in re.sub(r'href="#[a-z-]+"', "", page), "opened from a file it leads nowhere"


@pytest.mark.parametrize(
    ("written", "served"),
    [
        ('data-app="frame?id=a%22b"', 'href="/frames?frame=a%22b"'),
        ('data-app="frame?id=a&amp;next=b"', None),
        ('data-app="frames?cue=night&amp;levels=all"', 'href="/frames?cue=night"'),
        ('data-app="frames?weather=snow"', None),
        ('data-app="frames?words=&quot;onclick=x"', 'href="/frames?words=%22onclick%3Dx"'),
        ('data-app="frames?//evil.example/"', None),
        ('data-app="//evil.example/frames?cue=night"', None),
    ],
)
def test_only_a_question_that_the_grid_can_read_becomes_a_link(written: str, served: str | None) -> None:
    page = _with_links(f"<a {written}>a link</a>".encode()).decode()
    expected = written if served is None else f'target="_blank" rel="noopener noreferrer" {served}'
    assert page == f"<a {expected}>a link</a>"
