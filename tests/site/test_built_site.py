"""The built site: every link leads somewhere, and nothing is asked of anybody else."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

LOADED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
# What a `link` says without having it loaded.
ONLY_SAID = {"author", "canonical", "copyright", "index", "next", "prev", "search"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "id" in found:
            self.ids.add(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        address = found.get(LOADED.get(tag, ""))
        if address and not ONLY_SAID & set((found.get("rel") or "").split()):
            self.loaded.append(address)


@pytest.fixture(scope="module")
def parsed(pages):
    return {page: Page(page.read_text()) for page in pages}


def is_elsewhere(address):
    return bool(urlsplit(address).netloc)


def test_every_link_leads_to_a_page_and_a_place_on_it(parsed, site):
    broken = []
    for page, found in parsed.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            places = parsed[target].ids | {""} if target in parsed else {parts.fragment}
            if not target.is_file() or unquote(parts.fragment) not in places:
                broken.append((page.relative_to(site), link))
    assert broken == []


def test_links_to_others_are_encrypted(parsed):
    links = {link for page in parsed.values() for link in page.links if is_elsewhere(link)}
    assert links
    assert [link for link in links if urlsplit(link).scheme != "https"] == []


def test_no_page_loads_anything_from_elsewhere(parsed, site):
    assert [each for page in parsed.values() for each in page.loaded if is_elsewhere(each)] == []
    missing = [
        (page.relative_to(site), each)
        for page, found in parsed.items()
        for each in found.loaded
        if not each.startswith("data:")
        and not (page.parent / unquote(urlsplit(each).path)).is_file()
    ]
    assert missing == []


def test_no_style_sheet_loads_anything_from_elsewhere(site):
    for sheet in site.rglob("*.css"):
        found = re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")]+)", sheet.read_text())
        assert found == [], sheet
