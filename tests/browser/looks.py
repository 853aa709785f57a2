"""What holds for every page, at each width and in each light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# It preloads styles by a <style> of its own, which the policy refuses.
OPTIONS = {"resultTypes": ["violations"], "preload": False, "runOnly": {"type": "tag", "values": WCAG}}
# Each width and each light once: what is wrong in two of them is seen in one.
WAYS = ((1280, "light"), (320, "dark"))
TOO_WIDE = """() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide <= 0) return [];
  const isBeyond = (element) => element.getBoundingClientRect().right > innerWidth + 1;
  const beyond = [...document.querySelectorAll("body *")].filter(isBeyond);
  return [`${wide} px wider than ${innerWidth}`, ...beyond.slice(0, 3).map((e) => e.outerHTML.slice(0, 120))];
}"""
# Colours that fade into those of the other light.
SETTLED = "() => Promise.all(document.getAnimations().map((running) => running.finished))"
# Named by Django's own script, of the boxes in which one chooses several; the label around it says the same.
OF_DJANGO = ("aria-prohibited-attr", "help-tooltip")
axe = Axe()


def barriers(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA: the rule, and where."""
    found = axe.run(page, options=OPTIONS).response["violations"]
    told = [f"{rule['id']}: {node['target']} {node['html'][:120]}" for rule in found for node in rule["nodes"]]
    return [barrier for barrier in told if not all(word in barrier for word in OF_DJANGO)]


def check(page: Page) -> None:
    """Fail where this page looks wrong, at a desk or on a phone, by day or by night, and say all of it."""
    found = []
    for width, light in WAYS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=light, reduced_motion="reduce")
        page.evaluate(SETTLED)
        found += [f"{width} {light}: {fault}" for fault in [*page.evaluate(TOO_WIDE), *barriers(page)]]
    assert not found, "\n".join(["", page.url, *found])


def expected(troubles: list[str], word: str) -> int:
    """Take out what a test expected the browser to complain about, and return how much it was."""
    found = [trouble for trouble in troubles if word in trouble]
    troubles[:] = [trouble for trouble in troubles if word not in trouble]
    return len(found)
