"""The page on a data set: self-contained, escaped, complete, for a prepared and a refused one."""

import json
import re
from html.parser import HTMLParser

import msgspec
import pytest

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.report import Report, report
from bedrock_customization_runtime.datasets.settings import Settings
from bedrock_customization_runtime.errors import DatasetRejected
from bedrock_customization_runtime.reports import data_page

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
SCRIPT = "<script>alert(1)</script>"
WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath")


class Page(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def lines(count):
    names = [
        "".join(WORDS[(number // 8**place) % 8] for place in range(4)) for number in range(count)
    ]
    rows = [
        {
            "prompt": f"ask {name}" + (" вопрос" * 9 if number % 4 == 0 else ""),
            "completion": SCRIPT if number % 3 else "no",
        }
        for number, name in enumerate(names)
    ]
    rows[1]["prompt"] += " mail me@example.com"
    return "\n".join(json.dumps(row) for row in rows).encode()


def page_of(body, max_rejected=0.5):
    settings = Settings(
        base_model=NOVA_MICRO,
        method=catalog.base_model(NOVA_MICRO).methods[catalog.Method.FINE_TUNING],
        template=None,
        split={"validation": 0.1, "test": 0.2, "seed": 0},
        max_rejected=max_rejected,
    )
    with examine([body], settings) as examined:
        try:
            written = report(examined, divide(examined))
        except DatasetRejected as refusal:
            written = report(examined, None, str(refusal))
        document = msgspec.json.decode(written, type=Report)
        return data_page.render(document, data_page.examples(examined))


@pytest.fixture(scope="module")
def prepared():
    bad = json.dumps({"prompt": f"{SCRIPT} joe@example.com", "completion": " "})
    return page_of(lines(120) + f"\n{bad}\n".encode())


def test_the_page_loads_and_runs_nothing(prepared):
    page = Page(prepared)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [
        name for name, _ in page.attributes if name in {"src", "href"} or name.startswith("on")
    ]
    assert "default-src 'none'" in prepared
    assert not re.search(r"url\(|@import", prepared)


def test_what_the_data_say_is_escaped(prepared):
    assert "<script" not in prepared
    assert Page(prepared).text.count(SCRIPT) >= 2


def test_personal_data_are_masked_and_counted(prepared):
    text = Page(prepared).text
    assert "joe@example.com" not in text
    assert "[EMAIL]" in text
    assert "Personal data and secrets" in text


def test_everything_that_was_found_is_on_the_page(prepared):
    text = Page(prepared).text
    for told in (
        "Ready",
        "empty-turn",
        "First lines: 121",
        "Blind test",
        "Sets by how many records they hold",
        "Tokens of a record",
        "Characters of an answer",
        "Latin",
        "Cyrillic",
        "Class balance",
        "What training costs",
        "by the price",
    ):
        assert told.lower() in text.lower(), told


def test_a_refused_data_set_has_its_rules_and_examples_too():
    text = Page(page_of(lines(20) + b'\n{"prompt": \n' * 20, max_rejected=0.1)).text
    assert "Refused" in text
    assert "json-cut" in text
    assert "line 21" in text
    assert "What training costs" not in text


def test_the_same_report_is_the_same_page(prepared):
    bad = json.dumps({"prompt": f"{SCRIPT} joe@example.com", "completion": " "})
    assert page_of(lines(120) + f"\n{bad}\n".encode()) == prepared


def test_a_rule_is_shown_by_two_examples_at_most():
    text = Page(page_of(lines(20) + b"\n{}" * 20, max_rejected=1.0)).text
    assert text.count("none of the record shapes") == 3
