"""What holds for every page, at each width and in each light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": WCAG}}
WIDTHS = (1280, 320)
LIGHTS = ("light", "dark")
TOO_WIDE = """() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide <= 0) return [];
  const beyond = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1);
  return [`${wide} px wider than ${innerWidth}`, ...beyond.slice(0, 3).map((e) => e.outerHTML.slice(0, 120))];
}"""
axe = Axe()


def barriers(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA: the rule, and where."""
    found = axe.run(page, options=OPTIONS).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['html'][:120]}" for rule in found for node in rule["nodes"]]


def check(page: Page) -> None:
    """Fail where this page looks wrong, at a desk or on a phone, by day or by night, and say all of it."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{width}: {fault}" for fault in page.evaluate(TOO_WIDE)]
        for light in LIGHTS:
            page.emulate_media(color_scheme=light, reduced_motion="reduce")
            found += [f"{width} {light}: {barrier}" for barrier in barriers(page)]
    assert not found, "\n".join(["", page.url, *found])
