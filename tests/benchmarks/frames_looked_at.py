"""A lead's browser in front of a large store: how long pictures take to be there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page
from sqlmodel import col, func, select

from annotator.runtime import COOKIE
from data.people.accounts import set_password, sign_in
from data.store.opening import STORE_FILE, Store
from data.store.tables import Dataset, Frame
from tests.annotator.browser.conftest import a_browser
from tests.annotator.browser.served import RunningApp
from tests.benchmarks.bench_review import percentile

PICTURES = 24
ROUNDS, STEPS, PRESSES = 6, 60, 2_000
FILTERS = (
    ("state", "contested"),
    ("proposed", "TELEOPERATION"),
    ("cue", "pedestrian_near"),
    ("split", "train"),
)
_SHOWN = """async ([name, value]) => {
    const grid = document.querySelector('[data-testid=frame-grid]');
    const begun = performance.now();
    grid.querySelector(`.fg-filters button[data-name="${name}"][data-value="${value}"]`).click();
    const isThere = () => {
        const list = grid.querySelector('[data-part=cells]').getBoundingClientRect();
        const pictures = [...grid.querySelectorAll('.fg-cell img')]
            .filter((one) => one.getBoundingClientRect().top < list.bottom);
        const areThere = pictures.length > 0 && pictures.every((one) => one.complete && one.naturalWidth);
        return grid.dataset.state === 'shown' && areThere;
    };
    while (!isThere()) await new Promise(requestAnimationFrame);
    return performance.now() - begun;
}"""
_STEP = """async () => {
    const before = document.querySelector('.fg-large').src;
    const begun = performance.now();
    window.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}));
    const isThere = () => {
        const picture = document.querySelector('.fg-large');
        return picture.src !== before && picture.complete && picture.naturalWidth;
    };
    while (!isThere()) await new Promise(requestAnimationFrame);
    return performance.now() - begun;
}"""


def look(store: Store) -> dict[str, Any]:
    """Milliseconds at the 95th percentile: of first pages, by store, and of large pictures; and keys that were lost."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-find-looked-") as folder,
        _served(store, Path(folder)) as app,
        a_browser() as browser,
    ):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        secret = sign_in(store, "lead", "password-lead")
        context.add_cookies([{"name": COOKIE, "value": secret, "url": app.url}])
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{app.url}frames")
        page.wait_for_selector("[data-testid=frame-grid][data-state=shown]")
        page.wait_for_selector(".fg-filters details")
        first, pictures = _first_pages(page), _pictures(page)
        lost = _lost(page)
        context.close()
    return {
        "store": {"first_page_p95_ms": round(percentile(first, 0.95), 1), "first_pages": len(first)},
        "picture_p95_ms": round(percentile(pictures, 0.95), 1),
        "n": len(pictures),
        "keys_lost": lost,
    }


@contextmanager
def _served(store: Store, folder: Path) -> Iterator[RunningApp]:
    """The app on this store, with pictures to show: a few files under every frame's name."""
    files = folder / "samples" / "CAM_FRONT"
    files.mkdir(parents=True)
    for number in range(PICTURES):
        noise = np.random.default_rng(number).integers(0, 255, (90, 160, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((1600, 900)).save(files / f"drawn-{number}.jpg", quality=85)
    with store.write() as session:
        dataset = session.exec(select(Dataset)).one()
        dataset.dataroot = str(folder)
        session.add(dataset)
        frames = session.exec(select(func.count(col(Frame.id)))).one()
    for number in range(frames):
        os.link(files / f"drawn-{number % PICTURES}.jpg", files / f"{number}.jpg")
    set_password(store, "lead", "password-lead")
    workspace = folder / "workspace"
    workspace.mkdir(mode=0o700)
    if store.is_sqlite:
        (workspace / STORE_FILE).symlink_to(str(store.engine.url.database))
    app = RunningApp(workspace, store, store_url=None if store.is_sqlite else _address(store), patience_s=300)
    app.start()
    try:
        yield app
    finally:
        app.stop()


def _address(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def _first_pages(page: Page) -> list[float]:
    """Each question once to warm its pictures, then as measured: on, off, on …"""
    for name, value in (*FILTERS, *FILTERS):
        page.evaluate(_SHOWN, [name, value])
        page.wait_for_timeout(700)
    times = []
    for _ in range(ROUNDS):
        for name, value in (*FILTERS, *reversed(FILTERS)):
            times.append(float(page.evaluate(_SHOWN, [name, value])))
            page.wait_for_timeout(400)
    return times


def _pictures(page: Page) -> list[float]:
    """Large pictures one after the other, as fast as somebody looks at them."""
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.fg-large')?.naturalWidth > 0")
    times = []
    for _ in range(STEPS):
        page.wait_for_timeout(250)
        times.append(float(page.evaluate(_STEP)))
    page.keyboard.press("Escape")
    return times


def _lost(page: Page) -> int:
    page.keyboard.press("Home")
    for _ in range(PRESSES):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    at = page.locator(".fg-cell[aria-selected=true]").get_attribute("aria-posinset")
    return PRESSES + 1 - int(at or 0)
