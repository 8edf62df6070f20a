"""The site, built once, if its generator is here: `uv run --group docs pytest -n0 tests/site`."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from chromium import browser

__all__ = ["browser"]
ROOT = Path(__file__).parents[2]

if importlib.util.find_spec("sphinx") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site; a warning of its generator is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", "."]
    done = subprocess.run([*command, folder], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def pages(site):
    """The site's pages of HTML."""
    return sorted(site.rglob("*.html"))
