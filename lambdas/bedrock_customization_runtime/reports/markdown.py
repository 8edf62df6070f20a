"""Markdown in which nothing that the data say can become markup."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bedrock_customization_runtime.reports import templates, wording

if TYPE_CHECKING:
    import jinja2

# Inline markup of CommonMark and GitHub's: HTML, links, code, emphasis, tables, mathematics,
# mentions, addresses and character references. A backslash takes the meaning of each away.
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~$@&]|:(?=/)|(?<=www)\.)", re.IGNORECASE)
# What begins a list, a rule or a heading at the head of a line.
_BLOCK = re.compile(r"^(\d{0,9})([-+=.)])(?=[\s=-]|$)")
_FENCE = re.compile(r"`+")


class Verbatim(str):
    """Markdown already."""

    __slots__ = ()


def template(name: str) -> jinja2.Template:
    """Return a template of this package, in which each value is escaped."""
    return _environment().get_template(name)


def escape(text: str) -> str:
    """Return a text on one line that Markdown shows as it is."""
    line = wording.visible(wording.one_line(text))
    return _BLOCK.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", line))


def code(text: str) -> Verbatim:
    """Return a text as a code span on one line, whatever backticks and bars it has."""
    line = wording.visible(wording.one_line(text)).replace("|", "\\|")
    if not line:
        return Verbatim("")
    longest = max((len(run) for run in _FENCE.findall(line)), default=0)
    fence = "`" * (longest + 1)
    # A space at both ends is taken off again; it parts the fence from a backtick of the text.
    return Verbatim(f"{fence} {line} {fence}" if longest or line != line.strip() else f"`{line}`")


def link(url: str) -> Verbatim:
    """Return an address of ours as a link."""
    return Verbatim(f"<{url}>")


@cache
def _environment() -> jinja2.Environment:
    environment = templates.environment(finalize=_escaped, keep_trailing_newline=True)
    environment.filters |= {"code": code, "link": link}
    return environment


def _escaped(value: object) -> object:
    if isinstance(value, Verbatim):
        return value
    return escape(value) if isinstance(value, str) else value
