"""The templates of the HTML pages, with escaping on and the words that only they use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from bedrock_customization_runtime.costs.words import decimal
from bedrock_customization_runtime.reports import templates, wording

if TYPE_CHECKING:
    import jinja2


def template(name: str) -> jinja2.Template:
    """Return a template of this package by its file name."""
    return _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    environment = templates.environment(finalize=_visible, autoescape=True)
    environment.filters |= {
        "cause": wording.cause_of,
        "decimal": decimal,
        "figures": wording.figures,
        "meaning": wording.meaning_of,
        "usd": wording.usd,
    }
    return environment


def _visible(value: object) -> object:
    # Not what is marked up already, which our own templates and plots are.
    return wording.visible(value) if type(value) is str else value
