"""How long a reviewer waits from the key press to the next frame, on the card and on the plain page of the same app.

Both are measured in one run, taking turns, in headless Chromium at 1440x900 on pictures of 1600x900: from the key event
to the next picture decoded and the next proposed level in the page, plus one animation frame. A third person plays
moments, so that the pictures of each next moment are being fetched when the key comes. Before them, in as many fresh
browser contexts: from the first byte of the sign-in page until it is painted and takes a name. The last line is JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image, ImageOps
from playwright.sync_api import Page, sync_playwright

from annotator.runtime import COOKIE
from data.people.accounts import sign_in
from data.store.opening import Store
from data.vocabulary import Mode
from tests.annotator.browser.conftest import CHROMIUM, FLAGS
from tests.annotator.browser.served import RunningApp, hold
from tests.builders import a_person, a_store
from tests.dataroots import with_moments

WARM_UP = 3
GAP_MS = 250
PLAYING_GAP_MS = 1000
"""Long enough that the pictures of the moment have begun to come, too short for all of them."""
CARD = {
    "page": "",
    "picture": "[data-testid=review-card] .rc-pictures img",
    "level": "[data-testid=review-card]",
    "level_of": "frame",
    "ready": "[data-testid=review-card][data-frame] .rc-pictures img",
}
PLAIN = {
    "page": "review-plain",
    "picture": "img.tt-frame",
    "level": "[data-testid=frame-caption]",
    "level_of": None,
    "ready": "img.tt-frame",
}
PROBE = """({ picture, level, level_of }) => {
  const shownLevel = () => {
    const one = document.querySelector(level);
    return one && (level_of ? one.dataset[level_of] : one.textContent);
  };
  window.measureNext = () => new Promise((done) => {
    const before = { src: document.querySelector(picture)?.src, level: shownLevel() };
    const onKey = (event) => {
      const pressed = event.timeStamp;
      let decoding = null, decoded = false;
      const look = () => {
        const image = document.querySelector(picture);
        if (image && image.src !== before.src && image.complete && image.naturalWidth && decoding !== image) {
          decoding = image;
          image.decode().then(() => { decoded = true; }, () => { decoded = true; });
        }
        if (decoded && shownLevel() !== before.level) requestAnimationFrame(() => done(performance.now() - pressed));
        else if (performance.now() - pressed > 15000) done(null);
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    };
    document.addEventListener('keydown', onKey, { once: true, capture: true });
  });
}"""

SIGN_IN = """() => new Promise((done) => {
  const look = () => {
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
    if (painted === undefined || document.activeElement?.id !== "user") return requestAnimationFrame(look);
    const { responseStart, domInteractive } = performance.getEntriesByType("navigation")[0];
    done(Math.max(painted, domInteractive) - responseStart);
  };
  look();
})"""


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies (nearest rank)."""
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


@contextmanager
def served_frames() -> Iterator[tuple[RunningApp, Store]]:
    """An app with frames as large and as hard to decode as a camera's."""
    with tempfile.TemporaryDirectory(prefix="bench-review-") as folder:
        store = a_store(Path(folder), scenes={f"scene-{number:04}": 20 for number in range(1, 33)})
        pictures = sorted((Path(folder) / "dataroot" / "samples").rglob("*.jpg"))
        contents = [camera_like_picture(number) for number in range(8)]
        for number, picture in enumerate(pictures):
            picture.write_bytes(contents[number % len(contents)])
        for scene in range(1, 33):
            for number, sweep in enumerate(with_moments(Path(folder) / "dataroot", f"scene-{scene:04}")):
                place = Path(folder) / "dataroot" / sweep
                place.unlink()
                place.hardlink_to(pictures[number % len(pictures)])
        app = RunningApp(Path(folder) / "workspace", store)
        app.start()
        try:
            yield app, store
        finally:
            app.stop()
            store.close()


def camera_like_picture(number: int) -> bytes:
    """1600x900 pixels with broad shapes and sensor noise, about as many bytes as a nuScenes JPEG."""
    grain = Image.effect_noise((1600, 900), 14)
    sky = Image.linear_gradient("L").resize((1600, 900)).rotate(180)
    grey = Image.blend(sky, grain, 0.35)
    out = io.BytesIO()
    tint = (140 + number % 40, 120, 90 + number % 60)
    ImageOps.colorize(grey, "black", "white", mid=tint).save(out, "JPEG", quality=80)
    return out.getvalue()


class Bench:
    """One person on one of the pages, with frames to accept. plays: on the card, somebody who plays moments."""

    def __init__(
        self,
        chromium: Any,
        app: RunningApp,
        store: Store,
        name: str,
        where: dict[str, Any],
        *,
        plays: bool = False,
    ) -> None:
        self.plays, self.fetched = plays, 0
        person_id = a_person(store, name)
        self.where, self.waits = where, list[float]()
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        secret = sign_in(store, name, f"password-{name}")
        context.add_cookies([{"name": COOKIE, "value": secret, "url": app.url}])
        self.page: Page = context.new_page()
        hold(store, person_id, Mode.ASSISTED, n=70)
        self.page.goto(app.url + where["page"])
        self.page.wait_for_selector(where["ready"], timeout=60_000)
        self.page.evaluate(PROBE, where)
        if plays:
            self.page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        self.fetched += "f=sweeps" in request.url

    def play(self) -> None:
        """Play the moment on screen for a second, if it has one: the next ones are then fetched ahead."""
        self.page.bring_to_front()
        self.page.keyboard.press("Space")
        self.page.wait_for_timeout(1000)
        self.page.keyboard.press("Escape")

    def accept(self) -> float | None:
        """Accept what is shown; returns the wait in milliseconds, None where nothing came within 15 s."""
        self.page.bring_to_front()
        if self.where is PLAIN:
            self.page.get_by_role("button", name="Accept").wait_for(timeout=60_000)
        self.page.wait_for_timeout(PLAYING_GAP_MS if self.plays else GAP_MS)
        promise = self.page.evaluate_handle("() => ({ wait: window.measureNext() })")
        self.page.keyboard.press("Enter")
        waited: float | None = promise.evaluate("({ wait }) => wait")
        return waited


def sign_in_waits(chromium: Any, app: RunningApp, n: int) -> list[float]:
    """Milliseconds from the first byte of the sign-in page until its form is painted and focused, with empty caches."""
    waits = []
    for _ in range(n):
        page = chromium.new_context().new_page()
        page.goto(f"{app.url}sign-in")
        waits.append(float(page.evaluate(SIGN_IN)))
        page.context.close()
    return waits


def measure(n: int) -> dict[str, Any]:
    """n presses on each page, in turns of ten so that both see the same load of the machine."""
    with ExitStack() as stack:
        app, store = stack.enter_context(served_frames())
        chromium = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=str(CHROMIUM), args=FLAGS
        )
        signing_in = sign_in_waits(chromium, app, n)
        card = Bench(chromium, app, store, "bench-card", CARD)
        plain = Bench(chromium, app, store, "bench-plain", PLAIN)
        playing = Bench(chromium, app, store, "bench-playing", CARD, plays=True)
        missed = 0
        for bench in (card, plain, playing):
            for _ in range(WARM_UP):
                bench.accept()
        for _ in range((n + 9) // 10):
            for bench in (card, plain, playing):
                if bench.plays:
                    bench.play()
                for waited in [bench.accept() for _ in range(min(10, n - len(bench.waits)))]:
                    missed += waited is None
                    bench.waits.extend([] if waited is None else [waited])
        chromium.close()
    signed = {
        "sign_in_p50_ms": round(median(signing_in), 1),
        "sign_in_p95_ms": round(percentile(signing_in, 0.95), 1),
    }
    return {**figures(card.waits, plain.waits, missed), **of_playing(playing), **signed}


def of_playing(bench: Bench) -> dict[str, Any]:
    """What is printed of the person who plays; `fetched_ahead` counts pictures between keyframes."""
    return {
        "playing_p50_ms": round(median(bench.waits), 1),
        "playing_p95_ms": round(percentile(bench.waits, 0.95), 1),
        "n_playing": len(bench.waits),
        "fetched_ahead": bench.fetched,
    }


def figures(card: list[float], plain: list[float], missed: int) -> dict[str, Any]:
    """What is printed, in milliseconds; `missed` counts presses after which nothing came."""
    return {
        "card_p50_ms": round(median(card), 1),
        "card_p95_ms": round(percentile(card, 0.95), 1),
        "plain_p50_ms": round(median(plain), 1),
        "plain_p95_ms": round(percentile(plain, 0.95), 1),
        "ratio_p50": round(median(plain) / median(card), 2),
        "n": len(card),
        "n_plain": len(plain),
        "missed": missed,
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=40, help="presses on each page (at most 60)")
    chosen = parser.parse_args()
    if not CHROMIUM.exists():
        print(f"no Chromium at {CHROMIUM}", file=sys.stderr)
        return 1
    print(json.dumps(measure(min(60, chosen.n))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
