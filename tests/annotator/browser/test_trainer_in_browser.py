from __future__ import annotations

import re
import time
import zlib
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from data.snapshot.folder import MANIFEST
from data.snapshot.freeze import freeze
from data.vocabulary import PersonRole, Split
from eval.report.render import render_html
from tests.annotator.browser.accessible import faults_in_both_schemes
from tests.annotator.browser.conftest import served, signed_in
from tests.builders import T, a_person
from tests.data.review.test_reviews import frames_in
from tests.data.snapshot.test_snapshot import a_verified_store, student_says
from tests.data.vlm.test_training_runs import a_run_folder
from tests.eval.report.test_report import a_full_evaluation

_REPORT = (
    '<!doctype html><a data-app="frame?id={frame}">the frame</a> '
    '<a data-app="frames?level=TELEOPERATION">12 of them</a>'
)


def wait_for_snapshots(page: Page, folder: Path, n: int, *, limit_s: float = 60) -> None:
    until = time.monotonic() + limit_s
    while len(list(folder.glob(f"*/{MANIFEST}"))) < n and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert len(list(folder.glob(f"*/{MANIFEST}"))) == n


def sees_a_run(page: Page, merged: Path) -> None:
    expect(page.get_by_text("rewards/margins")).to_be_visible()
    expect(page.get_by_text("merge --adapter")).to_be_visible()
    assert faults_in_both_schemes(page) == []
    merged.mkdir()
    page.reload()
    expect(page.get_by_text("propose --role aligned")).to_contain_text(f"--weights {merged}")


def sets_another_report_beside_it(page: Page) -> None:
    page.get_by_role("tab", name="Side by side").click()
    expect(page.get_by_text("Choose another report to see the figures of both.")).to_be_visible()
    assert faults_in_both_schemes(page) == []
    page.get_by_role("tab", name="Report", exact=True).click()


def test_a_trainer_sees_what_goes_in_freezes_it_and_where_a_frame_comes_from(
    tmp_path: Path, chromium: Browser
) -> None:
    store = a_verified_store(tmp_path, level=T)
    frame = frames_in(store, Split.TRAIN)[0]
    student_says(store, frame, None)
    a_person(store, "theo", PersonRole.TRAINER)
    snapshots = tmp_path / "workspace" / "snapshots"
    freeze(store, snapshots / "first")
    (snapshots / "torn").mkdir()
    (snapshots / "torn" / MANIFEST).write_text("{")
    lines = [f'{{"loss": 0.{step}, "rewards/margins": 0.{step}, "step": {step}}}' for step in (1, 2)]
    a_run_folder(tmp_path / "workspace", "models/adapter", lines=lines, ended=True)
    for name in ("one", "two"):
        report = tmp_path / "workspace" / "reports" / name
        report.mkdir(parents=True)
        (report / "report.html").write_text(_REPORT.format(frame=frame))
    with served(tmp_path / "workspace") as address:
        page = signed_in(chromium, address, "theo", "password-theo")
        page.goto(f"{address}snapshot")
        expect(page.get_by_text("Pairs to train on")).to_be_visible()
        expect(page.get_by_text("What would be left out")).to_be_visible()
        page.get_by_text("The first 3 pairs").click()
        expect(page.locator(".tt-pair img")).to_have_count(3)
        page.get_by_label("Name").fill("Second set")
        page.get_by_role("button", name="Freeze a snapshot").click()
        folder = tmp_path / "workspace" / "snapshots" / "second-set"
        expect(page.get_by_text(f"Frozen: {folder}")).to_be_visible()
        expect(page.get_by_text(f"train --snapshot {folder} --recipe sa_dpo").first).to_be_visible()
        wait_for_snapshots(page, snapshots, 3)
        expect(page.get_by_text("Snapshots of this workspace")).to_be_visible()
        expect(page.get_by_role("alert").filter(has_text="torn")).to_be_visible()
        page.goto(f"{address}provenance?of={frame}")
        expect(page.get_by_text("ada (annotator)")).to_be_visible()
        expect(page.get_by_text("test-teacher").first).to_be_visible()
        expect(page.locator("img.tt-frame")).to_be_visible()
        field = page.get_by_label("A frame's id")
        field.fill("<b>nothing</b>")
        field.press("Enter")
        expect(page.get_by_text("'<b>nothing</b>' is neither a frame's id")).to_be_visible()
        page.goto(f"{address}runs?run=models/adapter")
        sees_a_run(page, tmp_path / "workspace" / "models" / "adapter-merged")
        page.goto(f"{address}reports?report=one")
        link = page.frame_locator("iframe[src*='/report/one']").get_by_text("the frame")
        expect(link).to_have_attribute("href", f"/frames?frame={frame}")
        sets_another_report_beside_it(page)
        with page.context.expect_page() as opened:
            page.frame_locator("iframe[src*='/report/one']").get_by_text("12 of them").click()
        opened.value.wait_for_selector("[data-testid=frame-grid][data-state=shown]")
        assert opened.value.url == f"{address}frames?level=TELEOPERATION"
        page.context.close()


def test_a_printed_report_is_no_wider_than_its_paper(chromium: Browser) -> None:
    page = chromium.new_page()
    page.emulate_media(media="print")
    page.set_content(render_html(a_full_evaluation()))
    for width_px in (688, 794):  # A4 within the report's margins, and without any
        page.set_viewport_size({"width": width_px, "height": 1123})
        assert page.evaluate("document.documentElement.scrollWidth") == width_px
    page.close()


_FOLLOWED = """() => {
  const linked = one => {
    one.id ||= `at-${document.links.length}`
    const link = document.createElement('a')
    link.href = `#${one.id}`
    link.textContent = '.'
    document.body.append(link)
    return one.id
  }
  const headings = [...document.querySelectorAll('h2, h3, h4')].filter(one => one.nextElementSibling).map(heading => {
    const parts = [heading, heading.nextElementSibling]
    const below = parts[1].nextElementSibling
    if (parts[1].matches('p') && below?.matches('p, ul, .scroll')) parts.push(below)
    const last = parts.pop()
    return [heading.textContent.trim(), [...parts, last.querySelector('tbody tr, li, dd, svg') ?? last].map(linked)]
  })
  const notes = [...document.querySelectorAll('.scroll + p')].map(note =>
    [note.textContent.trim(), [[...note.previousElementSibling.querySelectorAll('tr')].pop(), note].map(linked)])
  const continued = [...document.querySelectorAll('tbody tr:has(> :first-child:empty)')].map(row =>
    [`row below ${row.previousElementSibling.textContent.trim()}`, [row.previousElementSibling, row].map(linked)])
  return [...headings, ...notes, ...continued]
}"""
"""What belongs together: a heading and what it stands above, down to the first row or picture; the last row of a table
and the note below it; a row that names nothing and the row before it. Chromium writes the place of whatever is linked
to into a PDF, so links to all of it are put at the end."""


def places_in(pdf: bytes) -> dict[str, int]:
    """The page of everything that is linked to, by its id, counted from 0."""
    pages = re.findall(rb"(\d+) 0 obj\s*<</Type /Page\b", pdf)
    found = re.findall(rb"/([\w-]+) \[(\d+) 0 R /XYZ", pdf)
    return {name.decode(): pages.index(page) for name, page in found}


def texts_by_page(pdf: bytes) -> list[int]:
    """How many pieces of text are drawn on each page."""
    contents = re.findall(rb"/Type /Page\b.*?/Contents (\d+) 0 R", pdf, re.DOTALL)
    streams = dict(re.findall(rb"\n(\d+) 0 obj\s*<<[^>]*>> stream\n(.*?)endstream", pdf, re.DOTALL))
    return [zlib.decompress(streams[one]).count(b"BT\n") for one in contents]


def test_no_heading_or_note_of_a_printed_report_is_parted_from_its_table_and_pages_have_numbers(
    chromium: Browser,
) -> None:
    page = chromium.new_page()
    page.set_content(render_html(a_full_evaluation()))
    together = page.evaluate(_FOLLOWED)
    assert len(together) > 20
    for height in ("297mm", "279mm", "260mm", "240mm"):  # A4, Letter, and what more text or less would do
        pdf = page.pdf(width="210mm", height=height)
        at = places_in(pdf)
        assert [what for what, parts in together if len({at[one] for one in parts}) > 1] == []
    page.add_style_tag(content="@page { @bottom-left { content: none } @bottom-right { content: none } }")
    without = texts_by_page(page.pdf(width="210mm", height=height))
    assert all(n >= bare + 2 for n, bare in zip(texts_by_page(pdf), without, strict=True))
    page.close()
