"""Takes every picture of the README and the pages from a running demo in Chromium: `make pictures`, or
`docs/scripts/take_pictures.py review monitor` for some of them.

Beside the pictures stands a hash of the code that draws each screen; a test compares the two, so that a picture of a
screen that has changed since is found.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, TimeoutError, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"
HASHES = FOLDER / "taken_of.json"
WORKSPACE = ROOT / "build" / "pictures"
CHROMIUM = "/usr/bin/chromium"
CARD = "[data-testid=review-card]"
WAIT_MS = 180_000
_DRAWS = {".py", ".js", ".css", ".html", ".jinja"}


def _nothing(_page: Page) -> None:
    """Nothing to press."""


@dataclass(frozen=True)
class Picture:
    """One picture: who looks at which page, what is pressed before, and the folders and files that draw the screen.
    `then` leaves the page as it is to be seen."""

    name: str
    who: str
    path: str
    drawn_by: tuple[str, ...]
    then: Callable[[Page], None] = _nothing
    is_dark: bool = False
    height_px: int = 900

    def code_hash(self) -> str:
        """SHA-256 over what draws the screen."""
        digest = hashlib.sha256()
        for path in sorted(path for one in self.drawn_by for path in _files(ROOT / one)):
            digest.update(f"{path.relative_to(ROOT).as_posix()}\n".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return [path for path in place.rglob("*") if path.suffix in _DRAWS and path.is_file()]


def _card(page: Page) -> None:
    page.wait_for_selector(f"{CARD}[data-frame] .rc-pictures img", timeout=WAIT_MS)


def _proposal(page: Page) -> None:
    """An assisted frame with a proposal that asks for attention; frames before it are skipped."""
    _card(page)
    wanted = f"{CARD}[data-mode=assisted][data-proposed-level=SUPERVISION]"
    for _ in range(60):
        if page.locator(wanted).count():
            return
        _skip(page)
    raise SystemExit("The demo serves no assisted frame with a SUPERVISION proposal.")


def _skip(page: Page) -> None:
    """Skip the frame on screen with a reason; nothing happens while the card is not ready for it."""
    frame = page.locator(CARD).get_attribute("data-frame")
    page.keyboard.press("s")
    try:
        page.wait_for_selector("dialog[open]", timeout=3_000)
        page.keyboard.press("2")
        page.wait_for_function(
            f"before => document.querySelector('{CARD}').dataset.frame !== before", arg=frame, timeout=6_000
        )
    except TimeoutError:
        page.keyboard.press("Escape")


def _correcting(page: Page) -> None:
    _proposal(page)
    for key in ("3", "4", "j", "n"):  # the level; what, where and how far; a reason's key would save
        page.keyboard.press(key)


def _an_alert(page: Page) -> None:
    """One that has only just come, as it ends by itself."""
    page.wait_for_selector("[data-testid=monitor][data-state=watching]", timeout=WAIT_MS)
    page.wait_for_selector("[data-part=alerts] [data-alert]", state="detached", timeout=WAIT_MS)
    page.wait_for_selector("[data-part=alerts] [data-alert] img", timeout=WAIT_MS)


def _charts(page: Page) -> None:
    page.wait_for_selector(".tt-who", timeout=WAIT_MS)
    page.wait_for_selector("canvas, iframe, .tt-frame, table", state="attached", timeout=WAIT_MS)


def _grid(page: Page) -> None:
    """Frames with the filters beside them, every picture there."""
    page.wait_for_selector("[data-testid=frame-grid][data-state=shown] .fg-cell img", timeout=WAIT_MS)
    page.wait_for_selector(".fg-filters details", timeout=WAIT_MS)
    page.wait_for_function(
        "[...document.querySelectorAll('.fg-cell img')].every(one => one.naturalWidth > 0)"
    )


SIGN_IN_CODE = ("annotator/sign_in/page.html.jinja", "annotator/sign_in/demo_accounts.py")
CARD_CODE = ("annotator/review_card",)
PAGE_CODE = ("annotator/widgets",)
PICTURES = (
    Picture("sign-in", "", "sign-in", SIGN_IN_CODE, height_px=720),
    Picture("review", "ada", "", CARD_CODE, _proposal, height_px=850),
    Picture("review-dark", "ada", "", CARD_CODE, _proposal, is_dark=True, height_px=850),
    Picture("correcting", "ada", "", CARD_CODE, _correcting, height_px=860),
    Picture("frames", "lena", "frames?proposed=AUTONOMY&said=SUPERVISION", (*PAGE_CODE, "annotator/frame_grid"), _grid),
    Picture("adjudicate", "lena", "adjudicate", (*PAGE_CODE, "annotator/screens/lead/adjudicate.py"), _charts),
    Picture("agreement", "lena", "agreement", (*PAGE_CODE, "annotator/screens/agreement.py"), _charts),
    Picture("annotators", "lena", "annotators", (*PAGE_CODE, "annotator/screens/annotators.py"), _charts),
    Picture("report", "theo", "reports", (*PAGE_CODE, "annotator/screens/reports.py", "eval/report"), _charts),
    Picture("monitor", "olga", "", ("annotator/monitor/console",), _an_alert, height_px=860),
)  # fmt: skip


def main(names: list[str]) -> None:
    """Take the pictures of these names, or all of them."""
    wanted = [picture for picture in PICTURES if not names or picture.name in names]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for picture in wanted:
            _take(browser, address, picture)
            print(f"docs/pictures/{picture.name}.jpg", file=sys.stderr)  # noqa: T201
        browser.close()
    kept = json.loads(HASHES.read_text(encoding="utf-8")) if names else {}
    hashes = {**kept, **{picture.name: picture.code_hash() for picture in wanted}}
    HASHES.write_text(json.dumps(hashes, indent=2, sort_keys=True) + "\n", encoding="utf-8")


@contextmanager
def _demo() -> Iterator[str]:
    """The demo as `make demo` starts it, from its beginning but for the drawn frames; yields its address."""
    for path in WORKSPACE.glob("*"):
        if path.name != "demo-dataroot":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    WORKSPACE.mkdir(parents=True, exist_ok=True)
    WORKSPACE.chmod(0o700)  # it holds the keys of an app
    port = _free_port()
    command = [sys.executable, "-m", "annotator", "--workspace", str(WORKSPACE), "demo", "--port", str(port)]
    assisted = {**os.environ, "TELETRIAGE_DECIDE_FIRST": "0", "TELETRIAGE_BLIND": "0"}
    demo = subprocess.Popen(command, cwd=ROOT, env=assisted, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        yield _answering(demo, f"http://127.0.0.1:{port}/")
    finally:
        demo.terminate()
        demo.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answering(demo: subprocess.Popen[bytes], address: str) -> str:
    port = int(address.rstrip("/").rpartition(":")[2])
    while demo.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return address
        time.sleep(0.5)
    raise SystemExit(f"The demo ended with code {demo.returncode} before it could be seen.")


def _take(browser: Browser, address: str, picture: Picture) -> None:
    scheme = "dark" if picture.is_dark else "light"
    context = browser.new_context(
        viewport={"width": 1440, "height": picture.height_px}, color_scheme=scheme, timezone_id="UTC"
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{address}sign-in")
    if picture.who:
        page.click(f"form:has(input[name=user][value={picture.who}]) button")
        page.wait_for_selector(f"{CARD}, .tt-who, [data-testid=monitor]")
        if picture.path:
            page.goto(address + picture.path)
    picture.then(page)
    page.wait_for_timeout(4_000)  # charts draw themselves after the page is quiet
    page.screenshot(path=str(FOLDER / f"{picture.name}.jpg"), type="jpeg", quality=82)
    if picture.who:
        _sign_out(page, address)
    context.close()


def _sign_out(page: Page, address: str) -> None:
    """Give back what was held, so that the next picture finds the same frame."""
    try:
        page.request.post(f"{address}sign-out", headers={"origin": address.rstrip("/")})
    except Error as error:
        raise SystemExit(f"Signing out failed: {error.message}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
