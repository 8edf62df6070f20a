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

# What stands in the navigation below which page, by caption; with a shorter title, where it has
# one. A page that stands nowhere is a warning, so every page has a place.
_NAVIGATION: dict[str, dict[str, list[str]]] = {
    "README": {
        "Start": [
            "docs/start",
            "docs/concepts",
            "When to tune <docs/when-to-tune>",
            "docs/base-models",
        ],
        "Data": [
            "docs/data-preparation",
            "Rules <docs/rules>",
            "AWS's validators <docs/validators>",
            "Enrichment <docs/enrichment>",
            "docs/token-estimates",
            "Benchmarks <docs/data-engine-benchmarks>",
            "docs/scale*",
        ],
        "Customization": [
            "Methods, limits, redrive <docs/customization>",
            "Distillation <docs/distillation>",
            "Graders <docs/graders>",
            "Sweeps <docs/sweeps>",
            "Costs <docs/costs>",
        ],
        "Import": [
            "Importing a model <docs/model-import>",
            "What a model must be <docs/import-rules>",
            "How fast it is copied <docs/model-staging>",
        ],
        "Evaluation": ["docs/evaluation", "docs/metrics", "docs/judging"],
        "Going live": [
            "Gate, approval, alias <docs/promotion>",
            "Deployment <docs/deployment>",
            "docs/multi_account",
            "docs/report",
            "Lineage <docs/lineage>",
        ],
        "Operations": [
            "Alarms, messages, metrics <docs/operations>",
            "Triggers <docs/triggers>",
            "docs/housekeeping",
            "docs/errors",
        ],
        "Security": [
            "docs/security",
            "docs/network",
            "docs/regulated",
            "Rules of templates <docs/template-rules>",
        ],
        "On your machine": ["docs/commands", "docs/embedded-aws", "docs/testing*"],
        "Reference": [
            "docs/phases",
            "docs/reference/api",
            "docs/architecture",
            "Limits <docs/limits>",
        ],
        "Examples": ["docs/examples", "examples/*/README"],
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
        places = "\n".join(entry for name in names for entry in _entries(name))
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{places}\n```\n"


def _entries(name: str) -> list[str]:
    """Return the lines for a page, or for all that a name with an asterisk stands for."""
    if "*" in name:
        files = sorted(_ROOT.glob(f"{name}.md"))
        return [f"/{file.relative_to(_ROOT).with_suffix('').as_posix()}" for file in files]
    return [name.replace("<", "</") if "<" in name else f"/{name}"]


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
