"""`bedrock-customization local`: the embedded AWS by itself."""

from __future__ import annotations

import threading
from typing import Annotated

import typer
from rich.text import Text

from bedrock_customization_local.cli.running import REGION, VerboseOption, command
from bedrock_customization_local.cli.workspace import workspace

local = typer.Typer(help="The embedded AWS on this machine.", no_args_is_help=True)
