"""The templates of the pages, with escaping on and the words that all of them use."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import jinja2

from bedrock_customization_runtime.costs.words import decimal, dollars
from bedrock_customization_runtime.reports import wording


def template(name: str) -> jinja2.Template:
    """Return a template of this package by its file name."""
    return _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        finalize=_visible,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "approval": wording.approval,
        "cause": wording.cause_of,
        "count": wording.count,
        "decimal": decimal,
        "dollars": dollars,
        "effect": wording.effect_size,
        "figures": wording.figures,
        "loss": wording.loss,
        "magnitude": wording.magnitude,
        "meaning": wording.meaning_of,
        "model_title": wording.model_title,
        "moment": wording.moment,
        "p_value": wording.p_value,
        "percent": wording.percent,
        "points": wording.points,
        "sentence": wording.sentence,
        "short": wording.short,
        "size": wording.size,
        "title_of": wording.title_of,
        "usd": wording.usd,
    }
    environment.globals["duration"] = wording.duration
    return environment


def _visible(value: object) -> object:
    # Not what is marked up already, which our own templates and plots are.
    return wording.visible(value) if type(value) is str else value


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
