"""The site in a real Chromium, from files: it fits a phone and a desktop, and is found through."""

import time

import pytest

# Chromium shows a page that is too wide by itself on a phone, so its parts are looked at.
BEYOND = """
[...document.querySelectorAll("article *")].filter(element => {
  const box = element.getBoundingClientRect();
  const moves = element.closest(".table-wrapper, .picture, .highlight, pre");
  return !moves && box.width > 0 && box.right > WIDTH + 1;
}).map(element => element.outerHTML.slice(0, 120))
"""
# What moves sideways must be moved by keyboard too.
STUCK = """
[...document.querySelectorAll(".table-wrapper, .picture, .highlight pre")]
.filter(box => box.scrollWidth > box.clientWidth && box.tabIndex !== 0)
.map(box => box.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_the_screen_loads_only_files_and_is_moved_by_keyboard(
    browser, pages, width
):
    for page in pages:
        browser.open(page.as_uri(), width=width)
        over = browser.value("document.documentElement.scrollWidth") - width
        assert over <= 0, page
        assert browser.value(BEYOND.replace("WIDTH", str(width))) == [], page
        asked = [
            event["params"]["request"]["url"]
            for event in browser.events
            if event["method"] == "Network.requestWillBeSent"
        ]
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == [], page
        said = [event for event in browser.events if event["method"] == "Log.entryAdded"]
        assert said == [], page
        assert browser.value(STUCK) == [], page


def test_the_search_finds_pages_without_a_server(browser, site):
    browser.open(f"{(site / 'search.html').as_uri()}?q=rollback")

    found = "[...document.querySelectorAll('#search-results li a')].map(link => link.textContent)"
    until = time.monotonic() + 20
    titles = []
    while "From figures to production" not in titles and time.monotonic() < until:
        time.sleep(0.1)
        titles = browser.value(found)
    assert "From figures to production" in titles


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_are_legible_in_every_scheme(browser, site, scheme):
    browser.open((site / "docs" / "phases" / "run.html").as_uri(), scheme=scheme)

    ink = browser.value("getComputedStyle(document.querySelector('.picture text')).fill")
    ground = browser.value("getComputedStyle(document.querySelector('.picture .node path')).fill")
    light, dark = (sum(map(int, colour[4:-1].split(","))) > 384 for colour in (ground, ink))
    assert (light, dark) == ((scheme == "light"), (scheme == "dark"))
