"""What axe-core finds on a page as it stands, in light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from playwright.sync_api import Page

from tests.repository import ROOT

AXE = ROOT / "tests" / "javascript" / "node_modules" / "axe-core" / "axe.min.js"
_SERIOUS = """async () => {
  const found = await axe.run(document, { resultTypes: ['violations'], exclude: [['iframe']] });
  return found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
}"""
_HAS_COLOURS = """scheme => {
  const page = document.querySelector('[data-testid=stApp]') ?? document.body;
  const [red, green, blue] = getComputedStyle(page).backgroundColor.match(/[0-9.]+/g).map(Number);
  return (red + green + blue < 384) === (scheme === 'dark');
}"""


def faults(page: Page) -> list[str]:
    """Serious and critical ones that stay: while colours change, they pass through ones that nobody reads."""
    if page.evaluate("typeof axe") == "undefined":  # a page keeps it for as long as it is not loaded anew
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return settled(page, lambda: list(page.evaluate(_SERIOUS)))


def settled(page: Page, what: Callable[[], list[Any]]) -> list[Any]:
    """Faults that stay for ten seconds: while a screen is drawn anew, Streamlit fades it."""
    for _ in range(100):
        found = what()
        if not found:
            break
        page.wait_for_timeout(100)
    return found


def in_scheme(page: Page, scheme: Literal["dark", "light"]) -> None:
    """Turn the system light or dark, and wait until the page has its colours."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(_HAS_COLOURS, arg=scheme)


def faults_in_both_schemes(page: Page) -> list[str]:
    """Of a state that a test has brought about; nothing where axe-core is not installed, which the walk over every
    screen says."""
    found: list[str] = []
    schemes: tuple[Literal["dark", "light"], ...] = ("dark", "light")
    for scheme in schemes if AXE.exists() else ():
        in_scheme(page, scheme)
        found += [f"{scheme}: {one}" for one in faults(page)]
    return found
