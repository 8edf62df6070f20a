"""What the documents show works, and what they name exists."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


APPS = [
    (page.name, block)
    for page in PAGES
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    if "app.synth()" in block
]


@pytest.mark.parametrize(("page", "block"), APPS, ids=lambda value: value[:20])
def test_every_app_that_a_page_shows_synthesizes(tmp_path, page, block):
    (tmp_path / "app.py").write_text(block)
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(tmp_path / "out"),
        "CDK_CONTEXT_JSON": '{"aws:cdk:bundling-stacks": []}',
    }
    subprocess.run([sys.executable, "app.py"], check=True, cwd=tmp_path, env=environment)
    assert list((tmp_path / "out").glob("*.template.json")), page


def test_pages_that_come_from_data_are_up_to_date():
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
