"""The pages on phases show what is synthesized now."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def phase_pages():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        yield runpy.run_path(str(DOCS / "phase_pages.py"))


def test_pages_of_phases_are_up_to_date(phase_pages):
    for path, text in phase_pages["pages"]().items():
        assert path.read_text() == text, "uv run python docs/generate.py"


def test_pictures_of_states_are_up_to_date(phase_pages):
    for path, picture in phase_pages["pictures"]().items():
        drawn = f'data-source="{picture.digest}"'
        assert drawn in path.read_text(), "uv run --group pictures python docs/generate.py"
