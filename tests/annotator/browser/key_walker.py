"""A seeded walk over the card's keys in a real browser, and an oracle that reads the screen.

At every key press it is written down what the screen said, and what came of it is held against that: a row that is
saved has the frame, level, words and marks of the button that carried the key, and no other key saves anything. The
oracle knows labels and texts as a person reads them, and nothing of the card's code.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from sqlmodel import col, select

from annotator.review_card.reason_codes import ReasonCode, composed_assessment
from data.store.opening import Store
from data.store.tables import Review
from data.vocabulary import TriageLevel, Verdict

CARD = "[data-testid=review-card]"
RECORDER = Path(__file__).with_name("screen_recorder.js").read_text(encoding="utf-8")
SHOWN = {"Enter": "⏎", "ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓", " ": "Space"}
AFTER_REASON_MS = 600
WEIGHTS: dict[str, int] = {
    **dict.fromkeys("123", 9),
    "Enter": 14, "e": 3, "u": 6, "t": 5, "q": 4, "Escape": 14, "Control+Enter": 4,
    **dict.fromkeys("rydpvwliao", 2),
    **dict.fromkeys((" ", "b", "c"), 2),
    **dict.fromkeys("456789ghjnm,", 1),
    **dict.fromkeys(("z", "+", "-", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"), 1),
    **dict.fromkeys(("Shift+Space", "s", "f", "?", "x", "Tab", "0", "reload"), 1),
}  # fmt: skip
"""How often each key is pressed. Most decide, correct, take back or write; the rest must change nothing."""


@dataclass
class Walked:
    """What came of a walk: keys pressed, answers saved by the words of the button, and every mismatch."""

    keys: int = 0
    saved: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Promise:
    """What the screen said a key would save. `words`: (reasoning, action), or the two as one shown text, or None where
    the model's words stand. `must`: whether it has to be saved."""

    what: str
    level: str
    words: tuple[str, str] | str | None = None
    reason: str | None = None
    must: bool = True


def keys_of(seed: int, n: int) -> list[str]:
    """The same keys for the same seed."""
    return random.Random(seed).choices(list(WEIGHTS), list(WEIGHTS.values()), k=n)


def walk(page: Page, seed: int, n: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Press n keys; returns every press with its screen, and the answers with the place of the press that gave them."""
    presses: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    home = page.url
    for place, key in enumerate(keys_of(seed, n)):
        if key == "reload" or (
            place % 50 == 0 and page.url != home
        ):  # Tab and Enter may lead to another page
            _collect(page, presses, entries)
            page.goto(home)
            page.wait_for_selector(f"{CARD}[data-frame] .rc-pictures img")
            continue
        page.keyboard.press(key)
        if place % 7 == 0:
            page.wait_for_timeout(1100 if place % 63 == 0 else 40)  # long enough for a confirmed answer
        if place % 200 == 199:
            _collect(page, presses, entries)
    _collect(page, presses, entries)
    page.goto(home)  # what is kept in the browser is sent
    page.wait_for_selector(f"{CARD}:is([data-state=ready], [data-state=saved])")
    return presses, entries


def _collect(page: Page, presses: list[dict[str, Any]], entries: list[dict[str, Any]]) -> None:
    page.wait_for_load_state()  # Enter on a link may be leading elsewhere
    told = page.evaluate("""() => {
      const told = { presses: window.walk.presses.splice(0), entries: window.walk.entries.splice(0) };
      return told;
    }""")
    entries += [{**one, "press": one["press"] + len(presses)} for one in told["entries"]]
    presses += told["presses"]


def promised(screen: dict[str, Any] | None, key: str, ctrl: bool) -> Promise | None:
    """What the screen says this key saves; None where it says that it saves nothing."""
    if screen is None or screen["dialog"] or not screen["frame"]:
        return None
    is_typing = screen["focus"].startswith("rc-")
    if is_typing and not (ctrl and key == "Enter"):
        return None
    if ctrl and key != "Enter":
        return None
    if ctrl and screen["boxes"]["reasoning"] is None and not _is_wording(screen):
        return None
    if screen["control"] and key in ("Enter", " ") and not ctrl:
        return _of_focused(screen)
    shown = SHOWN.get(key, key.upper() if len(key) == 1 else key)
    button = next((one for one in screen["buttons"] if one["key"] == shown or (ctrl and _saves(one))), None)
    return _of_button(button, screen) if button else None


def _of_focused(screen: dict[str, Any]) -> Promise | None:
    """Enter or Space on a button that Tab has reached is a click on it: it may save what it says, and nothing else.
    No other button may claim Enter then."""
    claims = [one["words"] for one in screen["buttons"] if one["key"] == SHOWN["Enter"]]
    if claims and claims != [screen["focused"]] and screen["focused"] is not None:
        return Promise("claimed by another button too", "", must=True)
    button = next((one for one in screen["buttons"] if one["words"] == screen["focused"]), None)
    promise = _of_button(button, screen) if button else None
    return replace(promise, must=False) if promise else None


def _saves(button: dict[str, Any]) -> bool:
    """Ctrl+Enter saves what is worded, wherever the focus is."""
    return str(button["words"]).startswith(("Save ", "Keep mine: "))


def _is_wording(screen: dict[str, Any]) -> bool:
    return any(one["reason"] for one in screen["buttons"])


def _of_button(button: dict[str, Any], screen: dict[str, Any]) -> Promise | None:
    words: str = button["words"]
    if button["reason"]:
        return _of_reason(button, screen)
    for start in ("Accept ", "Take the model's: "):
        if words.startswith(start):
            return Promise(start.strip(), words.removeprefix(start).upper())
    for start in ("Keep mine: ", "Save "):
        if words.startswith(start):
            level = words.removeprefix(start).removesuffix(" all the same").upper()
            return Promise(start.strip(), level, _written(screen), must=False)
    for start in ("Keep ", "Confirm "):
        if words.startswith(start):
            return _of_keeping(start.strip(), words.removeprefix(start).upper(), screen)
    if words[:1] in "●▲■":
        return _of_level(words[1:].strip().upper(), screen)
    return None


def _written(screen: dict[str, Any]) -> tuple[str, str] | str:
    boxes = screen["boxes"]
    if boxes["reasoning"] is not None:
        return str(boxes["reasoning"]), str(boxes["action"])
    return str(screen["composed"] or "")


def _of_keeping(what: str, level: str, screen: dict[str, Any]) -> Promise:
    own = screen["own"]
    words = (own["reasoning"], own["action"]) if own["reasoning"] else None
    return Promise(what, level, words, must=what == "Confirm")


def _of_level(level: str, screen: dict[str, Any]) -> Promise:
    """A level's key may save that level and no other; with the model's words where the model proposed it."""
    choice = any(one["words"].startswith("Take the model's") for one in screen["buttons"])
    if level == screen["proposed"]:
        return Promise("level", level, None, must=False)
    if choice:
        return Promise("level", level, _written(screen), must=False)
    return _of_keeping("level", level, screen)


def _of_reason(button: dict[str, Any], screen: dict[str, Any]) -> Promise:
    level = _pressed_level(screen) or ""
    return Promise("reason", level, None, reason=button["reason"], must=False)


def held_against(
    store: Store, person_id: int, presses: list[dict[str, Any]], entries: list[dict[str, Any]]
) -> Walked:
    """Hold every answer against the screen at its key press, and every stored row against its answer."""
    walked = Walked(keys=len(presses))
    with store.read() as session:
        query = select(Review).where(Review.person_id == person_id).order_by(col(Review.id))
        rows = {row.token: row for row in session.exec(query)}
    decisions: dict[int, dict[str, Any]] = {}
    for one in entries:
        if one["entry"]["kind"] != "decision":
            continue
        if one["press"] in decisions:
            walked.mismatches.append(f"press {one['press']} saved a second answer: {one}")
            rows.pop(one["entry"]["token"], None)
        else:
            decisions[one["press"]] = {**one["entry"], "recorded": (one["at"], one["by"])}
    saved_by_reason_at = in_dialog_at = float("-inf")
    for place, press in enumerate(presses):
        if place and (dropped := _dropped_level(presses[place - 1], press)):
            walked.mismatches.append(f"press {place - 1}: {dropped}")
        promise = promised(press["screen"], press["key"], press["ctrl"])
        entry = decisions.get(place)
        is_too_soon = (
            press["key"] == "Enter"
            and not press["ctrl"]
            and press["screen"]
            and (press["screen"]["at"] - saved_by_reason_at < AFTER_REASON_MS + 100)
        ) or (  # a dialog of a skip or flag takes these keys, and one too many decides nothing
            press["key"] in ("Enter", "1", "2", "3", "t", "k")
            and press["screen"]
            and press["screen"]["at"] - in_dialog_at < AFTER_REASON_MS + 100
        )
        if press["screen"] and press["screen"]["dialog"]:
            in_dialog_at = press["screen"]["at"]
        problem = _problem(promise, entry, press, bool(is_too_soon))
        if problem is None and entry is not None:
            problem = _row_problem(rows.pop(entry["token"], None), entry)
        if problem:
            walked.mismatches.append(
                f"press {place} {press['key']!r}: {problem}; screen {press['screen']}; saved {entry}"
            )
        if entry is not None and promise is not None:
            walked.saved[promise.what] += 1
            if promise.reason:
                saved_by_reason_at = press["screen"]["at"]
    walked.mismatches += [f"row {row.id} ({row.level.value}) came of no key" for row in rows.values()]
    return walked


def _problem(
    promise: Promise | None, entry: dict[str, Any] | None, press: dict[str, Any], is_too_soon: bool
) -> str | None:
    if entry is None:
        return _missing(promise, press, is_too_soon)
    if promise is None:
        return "the screen promised nothing for this key"
    screen = press["screen"]
    if entry["frame_id"] != screen["frame"]:
        return "it was saved for another frame than the one on screen"
    if entry["level"] != promise.level:
        return f"the screen said {promise.level}"
    is_marked = any(one["words"] == "Unsure" and one["pressed"] for one in screen["buttons"])
    if bool(entry.get("is_unsure")) != is_marked:
        return "the mark for unsure is another than on screen"
    return _words_problem(promise, entry, screen)


def _missing(promise: Promise | None, press: dict[str, Any], is_too_soon: bool) -> str | None:
    """Whether a key had to save and did not."""
    screen = press["screen"]
    if promise is None or not promise.must or not screen["pictured"] or is_too_soon:
        return None
    return f"the screen said {promise.what} {promise.level} and nothing was saved"


def _dropped_level(press: dict[str, Any], after: dict[str, Any]) -> str | None:
    """A level being worded changes by a level's key alone; every other key leaves it or ends the wording."""
    before, now = press["screen"], after["screen"]
    if (
        not before
        or not now
        or before["frame"] != now["frame"]
        or not (_is_wording(before) and _is_wording(now))
    ):
        return None
    is_level_key = press["key"] in "123" and not before["focus"].startswith("rc-")
    if is_level_key or before["control"] or before["changing"] != now["changing"]:
        return None
    was, is_now = _pressed_level(before), _pressed_level(now)
    return None if was == is_now else f"{press['key']!r} turned {was} into {is_now}"


def _pressed_level(screen: dict[str, Any]) -> str | None:
    marked = (one for one in screen["buttons"] if one["pressed"] and one["words"][:1] in "●▲■")
    return next((str(one["words"][1:]).strip().upper() for one in marked), None)


def _words_problem(promise: Promise, entry: dict[str, Any], screen: dict[str, Any]) -> str | None:
    said = (entry["reasoning"], entry["action"])
    if promise.reason:
        return _reason_problem(promise, entry)
    if entry["reasoning"] is None:
        models = (screen["model"]["reasoning"], screen["model"]["action"])
        if promise.words in (None, models) and screen["proposed"] == promise.level:
            return None if entry["reason_code"] is None else "a reason was saved with the model's words"
        return "the model's words were saved where own words were on screen"
    if promise.words is None:
        return "words were saved that the button did not promise"
    is_same = (
        " ".join(said) == promise.words
        if isinstance(promise.words, str)
        else said == tuple(one.strip() for one in promise.words)
    )
    return None if is_same else f"the screen showed {promise.words}"


def _reason_problem(promise: Promise, entry: dict[str, Any]) -> str | None:
    template = composed_assessment(ReasonCode(promise.reason or ""), TriageLevel(promise.level))
    if entry["reason_code"] != promise.reason:
        return "another reason was saved"
    if not str(entry["reasoning"]).startswith(template.reasoning) or entry["action"] != template.action:
        return "other words than the reason's were saved"
    return None


def _row_problem(row: Review | None, entry: dict[str, Any]) -> str | None:
    if row is None:
        return "the answer is not in the store"
    said = (
        entry["frame_id"],
        entry["level"],
        entry["reasoning"],
        entry["action"],
        entry["reason_code"],
        bool(entry.get("is_unsure")),
    )
    stored = (row.frame_id, row.level.value, row.reasoning, row.action, row.reason_code, bool(row.is_unsure))
    if said != stored:
        return f"the store holds {stored}"
    if row.verdict is Verdict.ACCEPT and row.reasoning is not None:
        return "an accepted answer has words of its own"
    return None
