"""Text that nobody vouches for, on every screen there is: shown letter by letter, and nothing leaves the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlmodel import select

from annotator.runtime import COOKIE
from data.people.accounts import sign_in
from data.review.reviews import submit_review
from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import Frame, FrameNote, Person, Scene
from data.vocabulary import NoteKind, PersonRole, Split, TriageLevel
from tests.annotator.browser.served import RunningApp
from tests.builders import a_decision, a_person, a_store

HOSTILE = (
    "<script>document.title='owned'</script><img src=https://tracker.invalid/a.png onerror=\"document.title='owned'\">"
    "![b](https://tracker.invalid/b.png)[go](javascript:alert(1)):red[x]$\\frac{1}{2}$:material/home:"
    "<form action=https://tracker.invalid><style>body{display:none}</style>"
)
SHORT = "![b](https://tracker.invalid/n.png)<img src=x onerror=\"document.title='owned'\">"
REPORT_SCRIPT = (
    "<script>fetch('/card/settings', {method: 'POST', body: '{}'}); parent.document.title = 'owned';"
    "document.body.textContent = 'owned'</script><img src=https://tracker.invalid/c.png>"
)
SCREENS = {
    PersonRole.LEAD: (
        "review", "review-plain", "progress", "adjudicate", "guideline", "agreement", "trust", "annotators", "reports",
    ),
    PersonRole.TRAINER: ("", "snapshot", "reports"),
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    store = a_store(folder, scenes={f"scene-{number:04}": 6 for number in range(1, 5)}, student=None)
    disagree(store)
    with store.write() as session:
        for scene in session.exec(select(Scene)):
            scene.name, scene.description, scene.location = f"{scene.name}{HOSTILE}", HOSTILE, HOSTILE
        for person in session.exec(select(Person)):
            person.display_name = SHORT
    report = folder / "workspace" / "reports" / "a![b](javascript:alert(1))<b>"
    report.mkdir(parents=True)
    (report / "report.html").write_text(f"<!doctype html><p>A report</p>{REPORT_SCRIPT}")
    running = RunningApp(folder / "workspace", store)
    running.start()
    yield running
    running.stop()
    store.close()


def disagree(store: Store) -> None:
    """A contested frame, with everybody's words hostile, and a flag."""
    people = [a_person(store, name) for name in ("ada", "eve")]
    a_person(store, "lea", PersonRole.LEAD)
    a_person(store, "tom", PersonRole.TRAINER)
    for person, level in zip(people, (TriageLevel.AUTONOMY, TriageLevel.TELEOPERATION), strict=True):
        for served in lease_frames(store, person, n=24):
            if served.scene.split is Split.HELD_OUT:
                words = {"reasoning": HOSTILE[:500], "action": SHORT}
                submit_review(store, person, a_decision(served, level, person=person, **words))
        release_leases(store, person)
    with store.write() as session:
        one = session.exec(select(Frame.id)).first()
        session.add(
            FrameNote(
                token="flag-hostile", frame_id=str(one), person_id=people[0], kind=NoteKind.FLAG,
                reason=HOSTILE, noted_at_us=1,
            )
        )  # fmt: skip


def seated(chromium: Browser, app: RunningApp, name: str) -> tuple[Page, list[str]]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    secret = sign_in(app.store, name, f"password-{name}")
    context.add_cookies([{"name": COOKIE, "value": secret, "url": app.url}])
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    # Chromium also tells of requests that it never sends because the page's policy forbids them.
    context.on("requestfailed", lambda one: asked.remove(one.url) if one.failure == "csp" else None)
    page = context.new_page()
    page.set_default_timeout(40_000)
    return page, asked


@pytest.mark.parametrize(("name", "role"), [("lea", PersonRole.LEAD), ("tom", PersonRole.TRAINER)])
def test_echoleak_cve_2025_32711_and_cve_2024_26152_no_screen_runs_or_loads_what_others_wrote(
    app: RunningApp, chromium: Browser, name: str, role: PersonRole
) -> None:
    page, asked = seated(chromium, app, name)
    for screen in SCREENS[role]:
        page.goto(app.url + screen)
        page.wait_for_selector(".tt-who")
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        assert page.title() != "owned", screen
        for danger in (
            "form[action*=tracker]",
            "img[src*=tracker]",
            "a[href^='javascript:']",
            "img[onerror]",
        ):
            assert page.locator(danger).count() == 0, (screen, danger)
        assert page.evaluate("getComputedStyle(document.body).display") != "none", screen
    outside = [url for url in asked if not url.startswith((app.url, "data:", "blob:"))]
    assert outside == []
    page.context.close()


def test_a_report_from_anywhere_is_shown_and_runs_and_loads_nothing(
    app: RunningApp, chromium: Browser
) -> None:
    page, asked = seated(chromium, app, "lea")
    page.goto(app.url + "reports")
    page.frame_locator("iframe[src*='/report/']").get_by_text("A report").wait_for()
    page.wait_for_timeout(500)
    assert page.title() != "owned"
    assert [url for url in asked if "/card/" in url or "tracker" in url] == []
    page.context.close()
