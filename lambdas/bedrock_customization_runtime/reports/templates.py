"""What the templates of HTML pages and of Markdown share: where they lie, and the words in them."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2

from bedrock_customization_runtime.costs import words as costs
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from collections.abc import Callable


def environment(
    *,
    finalize: Callable[[object], object],
    autoescape: bool = False,
    keep_trailing_newline: bool = False,
) -> jinja2.Environment:
    """Return an environment for templates of this package, in which no name may be unknown.

    Args:
        finalize: Makes each value safe to show.
        autoescape: Whether what comes out is HTML.
        keep_trailing_newline: Whether a text ends as its template does.
    """
    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=autoescape,  # noqa: S701 - Markdown is no HTML, its `finalize` escapes
        finalize=finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
    )
    made.filters |= {
        "approval": wording.approval,
        "count": wording.count,
        "dollars": costs.dollars,
        "effect": wording.effect_size,
        "loss": wording.loss,
        "magnitude": wording.magnitude,
        "model_title": wording.model_title,
        "moment": wording.moment,
        "p_value": wording.p_value,
        "percent": wording.percent,
        "points": wording.points,
        "sentence": wording.sentence,
        "short": wording.short,
        "size": wording.size,
        "title_of": wording.title_of,
    }
    made.globals["duration"] = wording.duration
    return made


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
