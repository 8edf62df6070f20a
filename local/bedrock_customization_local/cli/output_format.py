"""How commands write what they found: for people, or for machines."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class OutputFormat(StrEnum):
    """For people, or one JSON document on standard output."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[
    OutputFormat, typer.Option("--format", help="For people, or one document for machines.")
]


def print_json(document: Mapping[str, object] | Sequence[object]) -> None:
    """Print a document, the same bytes on a terminal and in a pipe."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
