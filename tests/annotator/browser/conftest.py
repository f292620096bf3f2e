"""A served app on a workspace of its own, and a real Chromium to use it with."""

from __future__ import annotations

import os
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from data.review.serving import release_leases
from data.vocabulary import Mode, PersonRole, Split
from tests import forked
from tests.annotator.browser.served import Desk, RunningApp, hold
from tests.builders import a_person, a_store

expect.set_options(timeout=30_000)  # a machine under load is slow, and that is not what is tested
CHROMIUM, SHELL = Path("/usr/bin/chromium"), Path("/usr/bin/chromium-headless-shell")
"""Debian's. The shell is the same engine without what a window needs, and costs a quarter less of the processor."""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Debian's Chromium. Meanwhile an event loop runs in the main thread, and asyncio.run is refused."""
    installed = next((one for one in (SHELL, CHROMIUM) if one.exists()), None)
    if installed is None:
        pytest.skip("Debian's chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(installed), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")  # not for the whole session: see a_browser
def chromium() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """The app on a free port, served as people serve it; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--workspace", str(workspace), "review", "--port", str(port)]
    with (workspace / "server.log").open("w") as log:
        debug = {**os.environ, "TELETRIAGE_DEBUG": "1"}
        server = forked.start("annotator", words, stdout=log, stderr=log, env=debug)
    address = f"http://127.0.0.1:{port}/"
    try:
        _wait_until_up(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _wait_until_up(address: str, server: forked.Forked, *, limit_s: float = 60) -> None:
    until = time.monotonic() + limit_s
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}healthz", timeout=2):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the app did not come up (exit code {server.poll()})")


def signed_in(browser: Browser, address: str, name: str, password: str, **context: Any) -> Page:
    """A page in a context of its own, past the sign-in form."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **context).new_page()
    page.set_default_timeout(30_000)
    page.goto(address)
    page.fill("#user", name)
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.wait_for_selector(".tt-who")
    return page


@pytest.fixture(scope="package")
def app(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """One app for every test of the card; each test brings a person of its own."""
    folder = tmp_path_factory.mktemp("served")
    store = a_store(folder, scenes={f"scene-{number:04}": 24 for number in range(1, 31)})
    running = RunningApp(folder / "workspace", store)
    running.start()
    yield running
    running.stop()
    store.close()


_numbers = count(1)
VIEWPORT: Any = {"width": 1440, "height": 900}


@pytest.fixture(scope="package")
def seats(chromium: Browser) -> Iterator[list[BrowserContext]]:
    """Contexts that desks leave behind tidied, so that the next one finds the app's files in the browser's cache."""
    left: list[BrowserContext] = []
    yield left
    for one in left:
        one.close()


def _tidied(desk: Desk) -> bool:
    """Whether nothing of a person is left in the context."""
    context = desk.context
    try:
        context.set_offline(False)
        context.unroute_all()
        context.clear_cookies()
        kept, *others = context.pages or [context.new_page()]
        for page in others:
            page.close()
        kept.unroute_all()
        kept.set_viewport_size(VIEWPORT)
        kept.emulate_media(media="null", color_scheme="null")
        kept.goto(f"{desk.app.url}healthz")
        kept.evaluate("localStorage.clear(); sessionStorage.clear()")
    except Error:
        return False  # the app is not there any more
    return True


def a_seat(seats: list[BrowserContext], chromium: Browser) -> BrowserContext:
    return seats.pop() if seats else chromium.new_context(viewport=VIEWPORT)


def left(desk: Desk, seats: list[BrowserContext]) -> None:
    if _tidied(desk):
        desk.listen_no_more()
        release_leases(desk.app.store, desk.person_id)
        seats.append(desk.context)
    else:
        desk.leave()


@pytest.fixture
def desk(app: RunningApp, chromium: Browser, seats: list[BrowserContext]) -> Iterator[Callable[..., Desk]]:
    """Makes a desk with frames held in a mode; `sit=False` leaves the page unopened, `n=0` holds nothing, and
    only `listens=True` has requests and answers to look at.

    Desks take over each other's tabs. A test that adds scripts or listeners to its page names an option of the context,
    and has one of its own.
    """
    desks: list[Desk] = []
    plain: list[Desk] = []

    def make(
        mode: Mode = Mode.ASSISTED,
        *,
        n: int = 8,
        split: Split = Split.TRAIN,
        role: PersonRole = PersonRole.ANNOTATOR,
        sit: bool = True,
        listens: bool = False,
        **context: Any,
    ) -> Desk:
        name = f"person-{next(_numbers)}"
        person_id = a_person(app.store, name, role)
        if n:
            hold(app.store, person_id, mode, n=n, split=split)
        if context:
            made = Desk(
                app, chromium.new_context(**{"viewport": VIEWPORT, **context}), person_id, name, listens
            )
            desks.append(made)
        else:
            made = Desk(app, a_seat(seats, chromium), person_id, name, listens)
            plain.append(made)
        return made.sit_down() if sit else made

    yield make
    for one in plain:
        left(one, seats)
    for one in desks:
        one.leave()
