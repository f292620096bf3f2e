"""The long walk: many thousand random keys over several people and all modes; figures as JSON on the last line."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from annotator.runtime import COOKIE
from data.people.accounts import sign_in
from data.store.opening import Store
from data.vocabulary import TriageLevel
from tests.annotator.browser.conftest import a_browser
from tests.annotator.browser.key_walker import CARD, RECORDER, Walked, held_against, walk
from tests.annotator.browser.served import RunningApp
from tests.builders import a_filename, a_person, a_raw_reply, a_store

FRAMES_A_SCENE = 40
MODES = ["--decide-first", "0.35", "--blind", "0.2"]


def walked_by(browser: Browser, app: RunningApp, seed: int, keys: int) -> Walked:
    """One person walks; everything that is kept in the browser has reached the store when it is looked at."""
    person_id = a_person(app.store, f"walker-{seed}")
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    secret = sign_in(app.store, f"walker-{seed}", f"password-walker-{seed}")
    context.add_cookies([{"name": COOKIE, "value": secret, "url": app.url}])
    page = context.new_page()
    page.add_init_script(RECORDER)
    page.goto(app.url)
    page.wait_for_selector(f"{CARD}[data-frame] .rc-pictures img", timeout=60_000)
    presses, entries = walk(page, seed, keys)
    walked = held_against(app.store, person_id, presses, entries)
    refused = page.locator("[data-draft]").count()
    if refused:
        walked.mismatches.append(
            f"{refused} answers were refused: {page.locator('[data-draft]').first.inner_text()}"
        )
    context.close()
    return walked


def a_walked_store(folder: Path, scenes: int) -> Store:
    """Frames of every proposed level in turn."""
    names = {f"scene-{number:04}": FRAMES_A_SCENE for number in range(1, scenes + 1)}
    levels = list(TriageLevel)
    files = [a_filename(scene, place) for scene in names for place in range(FRAMES_A_SCENE)]
    teacher = {name: a_raw_reply(levels[place % 3]) for place, name in enumerate(files)}
    return a_store(folder, scenes=names, teacher=teacher, student=None)


def run(keys: int, seeds: int, first: int) -> dict[str, Any]:
    """Walk with each seed on one app."""
    saved, mismatches, pressed = Counter[str](), list[str](), 0
    with tempfile.TemporaryDirectory(prefix="walk-keys-") as name, a_browser() as browser:
        store = a_walked_store(Path(name), scenes=10 + keys // 250)
        app = RunningApp(Path(name) / "workspace", store, options=MODES)
        app.start()
        try:
            for seed in range(first, first + seeds):
                walked = walked_by(browser, app, seed, keys // seeds)
                pressed += walked.keys
                saved += walked.saved
                mismatches += [f"seed {seed}: {one}" for one in walked.mismatches]
                told = [f"seed {seed}: {walked.keys} keys, {len(walked.mismatches)} mismatches"]
                print(*told, *walked.mismatches, sep="\n", file=sys.stderr, flush=True)
        finally:
            app.stop()
            store.close()
    return {
        "keys": pressed,
        "seeds": list(range(first, first + seeds)),
        "answers_saved": dict(saved.most_common()),
        "mismatches": mismatches[:20],
        "n_mismatches": len(mismatches),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=20, help="people who share the keys")
    parser.add_argument("--first-seed", type=int, default=1)
    chosen = parser.parse_args()
    figures = run(chosen.keys, chosen.seeds, chosen.first_seed)
    print(json.dumps(figures))
    return 1 if figures["n_mismatches"] else 0


if __name__ == "__main__":
    sys.exit(main())
