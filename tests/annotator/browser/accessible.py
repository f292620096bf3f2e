"""What axe-core finds on a page as it stands, in light and dark."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.repository import ROOT

AXE = ROOT / "tests" / "javascript" / "node_modules" / "axe-core" / "axe.min.js"
_SERIOUS = """async () => {
  const found = await axe.run(document, { resultTypes: ['violations'], exclude: [['iframe']] });
  return found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
}"""


def faults(page: Page) -> list[str]:
    """Serious and critical ones."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.evaluate(_SERIOUS))


def faults_in_both_schemes(page: Page) -> list[str]:
    """Of a state that a test has brought about; nothing where axe-core is not installed, which the walk over every
    screen says."""
    found: list[str] = []
    for scheme in ("dark", "light") if AXE.exists() else ():
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(200)
        found += [f"{scheme}: {one}" for one in faults(page)]
    return found
