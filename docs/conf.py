"""The documentation site: `uv run --group docs sphinx-build -W -c docs . site`.

Its pages are the Markdown files of the repository where they lie, so that their links are those
that GitHub follows.
"""

import re
import shutil
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

_ROOT = Path(__file__).parents[1]

_EXTENSIONS = ["myst_parser", "sphinx_copybutton"]
_PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**.md", "examples/*/README.md"]

_PHASES = [
    f"docs/phases/{name}"
    for name in (
        "data-preparation",
        "baseline-measurement",
        "model-customization",
        "model-deployment",
        "model-evaluation",
        "promotion-gate",
        "model-import",
        "custom-model-creation",
        "model-copy",
    )
]

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
    "docs/operations": {"Runbooks": ["docs/runbooks/*"]},
    "docs/phases": {"Phases": ["docs/phases/run", *_PHASES]},
}

project = "cdk-bedrock-customization"
extensions = _EXTENSIONS
root_doc = "README"
include_patterns = _PAGES
# Never entered: a walk through them takes longer than the build.
exclude_patterns = [".*", "cdk.out", "node_modules", "site", "**/cdk.out"]

myst_heading_anchors = 4
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Connect what the site adds to Sphinx."""
    app.connect("source-read", _add_navigation)
    app.connect("build-finished", _write_index)
    app.add_post_transform(_Pictures)


def _add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    for caption, names in _NAVIGATION.get(page, {}).items():
        pages = [found for name in names for found in _found(name)]
        places = "\n".join(f"/{found}" for found in pages)
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{places}\n```\n"


def _found(name: str) -> list[str]:
    """Return the pages that a name with an asterisk stands for, or the name."""
    if "*" not in name:
        return [name]
    files = sorted(_ROOT.glob(f"{name}.md"))
    return [file.relative_to(_ROOT).with_suffix("").as_posix() for file in files]


class _Pictures(SphinxPostTransform):
    """Puts pictures of states into the page, where they follow its colours and can be read out."""

    # Before Sphinx takes images for files to be copied.
    default_priority = 8

    def run(self, **_kwargs: Any) -> None:  # noqa: ANN401 - docutils' signature
        """Put the drawing in the place of the image that names it."""
        for image in list(self.document.findall(nodes.image)):
            if not image["uri"].endswith(".svg"):
                continue
            drawing = _ROOT / image["uri"]
            svg = re.sub(r"<style>.*?</style>", "", drawing.read_text(), flags=re.DOTALL)
            label = escape(image["alt"], quote=True)
            svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
            (width,) = re.findall(r'<svg [^>]*?width="(\d+)', svg)
            html = f'<div class="picture" style="--width: {width}px">{svg}</div>'
            # An image alone is a paragraph, in which HTML allows no block.
            image.parent.replace_self(nodes.raw("", html, format="html"))


def _write_index(app: Sphinx, exception: Exception | None) -> None:
    """Let a browser find the home page in the folder: its links are relative."""
    if exception is None:
        shutil.copy(Path(app.outdir, f"{root_doc}.html"), Path(app.outdir, "index.html"))
