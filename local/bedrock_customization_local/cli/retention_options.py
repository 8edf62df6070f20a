"""Options of the commands that keep house: after how many days something goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionOptions:
    """After how many days something goes; what is not named is kept."""

    model_retention: Annotated[
        int | None,
        typer.Option(metavar="DAYS", help="Custom models of runs that promoted none go after."),
    ] = None
    data_retention: Annotated[
        int | None,
        typer.Option(metavar="DAYS", help="Data and blind sets of runs go after."),
    ] = None
    artifacts_retention: Annotated[
        int | None,
        typer.Option(metavar="DAYS", help="Reports and manifests of runs go after."),
    ] = None
