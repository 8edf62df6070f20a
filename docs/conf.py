"""The documentation site: `uv run --group docs sphinx-build -W -c docs . site`.

Its pages are the Markdown files of the repository where they lie, so that their links are those
that GitHub follows.
"""

import shutil
from pathlib import Path

from sphinx.application import Sphinx

_EXTENSIONS = ["myst_parser", "sphinx_copybutton"]
_PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**.md", "examples/*/README.md"]

# What stands in the navigation below which page, by caption. A page that stands nowhere is a
# warning, so every page has a place.
_NAVIGATION: dict[str, dict[str, list[str]]] = {
    "README": {
        "Start": ["docs/start", "docs/concepts", "docs/when-to-tune", "docs/base-models"],
        "Data": [
            "docs/data-preparation",
            "docs/rules",
            "docs/validators",
            "docs/enrichment",
            "docs/token-estimates",
            "docs/data-engine-benchmarks",
            "docs/scale*",
        ],
        "Customization": [
            "docs/customization",
            "docs/distillation",
            "docs/graders",
            "docs/sweeps",
            "docs/costs",
        ],
        "Import": ["docs/model-import", "docs/import-rules", "docs/model-staging"],
        "Evaluation": ["docs/evaluation", "docs/metrics", "docs/judging"],
        "Going live": [
            "docs/promotion",
            "docs/deployment",
            "docs/multi_account",
            "docs/report",
            "docs/lineage",
        ],
        "Operations": [
            "docs/operations",
            "docs/triggers",
            "docs/housekeeping",
            "docs/errors",
        ],
        "Security": ["docs/security", "docs/network", "docs/regulated", "docs/template-rules"],
        "On your machine": ["docs/commands", "docs/embedded-aws", "docs/testing*"],
        "Reference": ["docs/phases", "docs/reference/api", "docs/architecture", "docs/limits"],
        "Examples": ["examples/*/README"],
        "Project": ["docs/migration", "CHANGELOG", "CONTRIBUTING", "docs/release*"],
    },
    "docs/operations": {"": ["docs/runbooks/*"]},
    "docs/phases": {"": ["docs/phases/*"]},
}

project = "cdk-bedrock-customization"
extensions = _EXTENSIONS
root_doc = "README"
include_patterns = _PAGES
# Never entered: a walk through them takes longer than the build.
exclude_patterns = [".*", "cdk.out", "node_modules", "site", "**/cdk.out"]
suppress_warnings = ["toc.empty_glob"]

myst_heading_anchors = 4
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Connect what the site adds to Sphinx."""
    app.connect("source-read", _add_navigation)
    app.connect("build-finished", _write_index)


def _add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    for caption, pages in _NAVIGATION.get(page, {}).items():
        places = "\n".join(f"/{name}" for name in pages)
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n{places}\n```\n"


def _write_index(app: Sphinx, exception: Exception | None) -> None:
    """Let a browser find the home page in the folder: its links are relative."""
    if exception is None:
        shutil.copy(Path(app.outdir, f"{root_doc}.html"), Path(app.outdir, "index.html"))
