"""The report in a real Chromium: nothing to complain, nothing loaded, nothing beyond the edge."""

from functools import cache

import msgspec
import pytest
from msgspec.structs import replace

from bedrock_customization_runtime.manifest import FailureSection, Finding, Manifest
from bedrock_customization_runtime.reports import html

STAGES = [
    "running",
    "refused",
    "needless",
    "too_dear",
    "failed",
    "swept",
    "judged",
    "rejected",
    "turned_down",
    "rolled_back",
]
LONG = "x" * 10_000
HOSTILE = (
    "</title></style></svg><script>document.title = 'taken'</script>"
    "<img src=http://127.0.0.1:9/ onerror=\"document.title = 'taken'\"> \u202eturned\u2066 [a](b) "
)
BEYOND = """
[...document.querySelectorAll("main *, header *")].filter(element => {
  const box = element.getBoundingClientRect();
  const hidden = element.closest(".unseen, svg, .scroll, figure");
  return !hidden && box.right > WIDTH + 1;
}).map(element => element.outerHTML.slice(0, 120))
"""
CONTRAST = """
(() => {
  const channel = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  const light = colour => {
    pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map(v => channel(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "white";
  };
  return [...document.querySelectorAll("body *")].filter(element =>
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())
    && !element.closest("svg, .unseen")
  ).map(element => {
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), element.outerHTML.slice(0, 120)];
  }).filter(([ratio]) => ratio < 4.5);
})()
"""


@cache
def rendered(manifest):
    return html.render(msgspec.json.decode(manifest, type=Manifest))


@pytest.fixture
def page(tmp_path):
    def write(manifest):
        file = tmp_path / "report.html"
        file.write_text(rendered(msgspec.json.encode(manifest)), encoding="utf-8")
        return file.as_uri()

    return write


def quiet(browser, address):
    """Whether the page wrote nothing to the console and asked for nothing but itself."""
    said = [
        event
        for event in browser.events
        if event["method"] in {"Log.entryAdded", "Runtime.consoleAPICalled"}
        or event["method"] == "Runtime.exceptionThrown"
    ]
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    return said == [] and asked == [address]


def beyond(browser, width):
    """What lies beyond the right edge; a phone's own idea of its width grows with the page."""
    over = browser.value("document.documentElement.scrollWidth") - width
    return browser.value(BEYOND.replace("WIDTH", str(width))) + [over] * (over > 0)


@pytest.mark.parametrize("stage", STAGES)
def test_a_report_is_quiet_and_fits_a_phone_and_a_desktop(browser, page, stage, request):
    address = page(request.getfixturevalue(stage))

    for width in (360, 1280):
        browser.open(address, width=width)
        assert quiet(browser, address), browser.events
        assert beyond(browser, width) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("stage", ["judged", "rejected", "failed"])
def test_every_text_has_the_contrast_that_wcag_asks_for(browser, page, stage, scheme, request):
    browser.open(page(request.getfixturevalue(stage)), scheme=scheme)

    assert browser.value(CONTRAST) == []
    ground = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(15, 18, 22)") is (scheme == "dark")


def test_a_report_prints_dark_on_white_whatever_the_screen_shows(browser, page, compared):
    browser.open(page(compared), scheme="dark", media="print")

    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.value("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    printed = browser.pdf()
    assert printed.startswith(b"%PDF-")
    assert 3 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type/Page ") <= 14


def test_whatever_moves_sideways_can_be_moved_by_keyboard(browser, page, compared):
    browser.open(page(compared), width=360)

    moved = browser.value(
        "[...document.querySelectorAll('.scroll, figure')]"
        ".filter(box => box.scrollWidth > box.clientWidth).map(box => box.tabIndex)"
    )
    assert moved
    assert set(moved) == {0}


def test_nothing_need_be_moved_on_a_desktop_or_on_paper(browser, page, judged):
    for media in ("screen", "print"):
        browser.open(page(judged), media=media)
        assert (
            browser.value(
                "[...document.querySelectorAll('.scroll, figure')]"
                ".filter(box => box.scrollWidth > box.clientWidth).map(box => box.ariaLabel)"
            )
            == []
        )


def test_what_a_reader_asks_first_is_on_the_first_screen(browser, page, compared):
    browser.open(page(compared))

    bottoms = browser.value(
        "[...document.querySelectorAll('.verdict .tile')]"
        ".map(tile => tile.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) == 4
    assert max(bottoms) < 900


def test_hostile_texts_neither_run_nor_load_nor_spread(browser, page, compared):
    text = HOSTILE + LONG
    evaluation = compared.evaluation
    hostile = replace(
        compared,
        run=replace(compared.run, id=text, base_model=text, source=text),
        preparation=replace(
            compared.preparation,
            label_counts={text: 3, LONG: 4},
            findings=[Finding(rule=text, severity="error", count=1, message=text)],
        ),
        customization=replace(compared.customization, hyperparameters={text: text}),
        evaluation=replace(
            evaluation,
            primary=text,
            metrics=[replace(each, name=text, method=text) for each in evaluation.metrics],
            slices=[replace(each, slice=text) for each in evaluation.slices],
            models=[
                replace(each, model_id=text, errors={text: 1}, metrics={text: 0.5})
                for each in evaluation.models
            ],
            confusion=[
                replace(each, labels=[f"{number}{text}" for number in range(4)])
                for each in evaluation.confusion
            ],
            left_out={"live": text},
        ),
        failure=FailureSection(error=text, cause=text),
    )
    address = page(hostile)

    for width in (360, 1280):
        browser.open(address, width=width)
        assert quiet(browser, address), browser.events
        assert beyond(browser, width) == []
    assert browser.value("document.title") != "taken"
    assert browser.value("document.querySelectorAll('script, main img').length") == 0
