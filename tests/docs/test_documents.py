"""What the documents show works, and what they name exists."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


APPS = [
    (page.name, block)
    for page in PAGES
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    if "app.synth()" in block
]


# One process for all: it takes longer to load aws-cdk-lib than to run an app.
SYNTHESIZE = """
import json, sys, traceback
from pathlib import Path

out = Path(sys.argv[1])
for block in json.load(sys.stdin):
    try:
        exec(compile(block, "app.py", "exec"), {"__name__": "__main__"})
        found = [path.name for path in out.glob("*.template.json")]
    except Exception:
        found = traceback.format_exc()
    for path in out.glob("*.template.json"):
        path.unlink()
    print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory):
    """Names of the templates that each app makes, or the error it ends with."""
    work = tmp_path_factory.mktemp("apps")
    out = work / "out"
    done = subprocess.run(
        [sys.executable, "-c", SYNTHESIZE, out],
        check=True,
        cwd=work,
        capture_output=True,
        text=True,
        input=json.dumps([block for _, block in APPS]),
        env={
            **os.environ,
            "CDK_OUTDIR": str(out),
            "CDK_CONTEXT_JSON": '{"aws:cdk:bundling-stacks": []}',
        },
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "number", range(len(APPS)), ids=[f"{page} {number}" for number, (page, _) in enumerate(APPS)]
)
def test_every_app_that_a_page_shows_synthesizes(synthesized, number):
    assert isinstance(synthesized[number], list), synthesized[number]
    assert synthesized[number]


def test_pages_that_come_from_data_are_up_to_date(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    generate = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    for path, text in generate["pages"]().items():
        assert path.read_text() == text, "uv run python docs/generate.py"


@pytest.mark.slow
def test_commands_print_what_the_pages_show():
    examples = runpy.run_path(str(ROOT / "docs" / "examples.py"))
    for path, text in examples["pages"]().items():
        assert path.read_text() == text, "uv run python docs/examples.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("home", ["constructs", "lambdas", "local"])
def test_every_page_that_code_names_exists(home):
    for path in (ROOT / home).rglob("*.py"):
        for page in re.findall(r"docs/[\w/-]+\.md", path.read_text()):
            assert (ROOT / page).exists(), f"{path}: {page}"
