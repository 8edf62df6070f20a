"""What `estimate` finds: tokens counted by the engine, prices from the catalogue, never a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli import data_files
from bedrock_customization_local.cli.messages import CommandError, usage_error
from bedrock_customization_local.cli.preparation_text import usd
from bedrock_customization_runtime.catalog.hyperparameters import rendered
from bedrock_customization_runtime.datasets.costs import (
    EPOCHS,
    KeepingCost,
    ListPrice,
    TrainingCost,
    keeping_cost,
    training_cost,
)
from bedrock_customization_runtime.datasets.examination import examine_all
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from bedrock_customization_local.cli.data_files import Found
    from bedrock_customization_local.cli.data_options import Choice
    from bedrock_customization_runtime.datasets.settings import Settings

SCHEMA_VERSION = 1


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """The document that `--format json` writes."""

    schema_version: int = SCHEMA_VERSION
    base_model: str
    records: int
    """Usable ones, copies included."""
    rejected: int
    tokens: int
    """Of all usable records, for one epoch."""
    training: TrainingCost
    keeping: KeepingCost


def checked_epochs(choice: Choice, epochs: int | None) -> int | None:
    """Return the epochs, if the base model takes so many.

    Raises:
        CommandError: It does not, or takes none at all.
    """
    if epochs is None:
        return None
    known = choice.rules.hyperparameters.get(EPOCHS)
    if known is None:
        raise usage_error(f"--epochs: {choice.words} is not trained by epochs: leave it out")
    if known.parse(epochs) is None:
        raise usage_error(f"--epochs: {choice.model.id} takes {known.allowed}, got {epochs}")
    return epochs


def estimate(
    found: Found, settings: Settings, epochs: int | None, *, advance: Callable[[int], None]
) -> Estimate:
    """Return what a training with all usable records of files costs.

    Args:
        found: What to read.
        settings: Whose rules and prices decide.
        epochs: None for the base model's default.
        advance: Is told of the bytes read.

    Raises:
        CommandError: No record can be used, or a file cannot be read.
    """
    sources = ((file.name, data_files.chunks(file, advance)) for file in found.files)
    try:
        with examine_all(sources, settings) as examined:
            tokens = int(examined.index.columns().tokens.sum())
            accepted, rejected = examined.accepted, examined.rejected
    except DatasetRejected as refusal:
        raise CommandError(str(refusal)) from None
    except InvalidInput as error:
        raise usage_error(str(error)) from None
    if not accepted:
        raise CommandError(
            f"no record can be used, and {rejected:,} were rejected",
            advice=("bedrock-customization validate says why",),
        )
    return Estimate(
        base_model=settings.base_model,
        records=accepted,
        rejected=rejected,
        tokens=tokens,
        training=training_cost(settings.base_model, settings.method, tokens, epochs),
        keeping=keeping_cost(settings.base_model),
    )


def as_json(made: Estimate) -> str:
    """Return one JSON document."""
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode()


def print_estimate(console: Console, made: Estimate) -> None:
    """Print what is known, and what is not."""
    training, keeping = made.training, made.keeping
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("what", no_wrap=True)
    table.add_column("about", justify="right", no_wrap=True)
    table.add_column("by", ratio=1)
    error = f"{training.token_error:.0%}"
    rejected = f", {made.rejected:,} more are rejected" if made.rejected else ""
    table.add_row("records", f"{made.records:,}", f"usable ones{rejected}")
    table.add_row("tokens", f"{made.tokens:,}", f"estimated, ± {error} for English prose")
    table.add_row(
        "tokens trained",
        f"{training.tokens:,}",
        f"{training.epochs} epoch{'' if training.epochs == 1 else 's'}",
    )
    if training.usd is None:
        table.add_row("training", Text("unknown", style="red"), "no source states the price")
    else:
        low = training.usd * (1 - training.token_error)
        high = training.usd * (1 + training.token_error)
        doubt = ", unverified: no document states it" if training.unverified else ""
        table.add_row(
            "training",
            usd(training.usd),
            f"{usd(low)} to {usd(high)}; price of {training.as_of}{doubt}",
        )
    _add_price(table, "storage, a month", keeping.storage_per_month)
    if keeping.on_demand:
        _add_price(table, "on demand, 1,000 tokens in", keeping.input_per_1k_tokens)
        _add_price(table, "on demand, 1,000 tokens out", keeping.output_per_1k_tokens)
    if keeping.provisioned:
        _add_price(table, "provisioned, a unit-hour", keeping.provisioned_per_model_unit_hour)
    console.print(table)
    if training.usd is None:
        console.print()
        console.print(
            Text.assemble(
                ("✗ ", "bold red"),
                f"no price of training {made.base_model} is known, and none is guessed: see "
                "https://aws.amazon.com/bedrock/pricing/",
            )
        )


def _add_price(table: Table, what: str, price: ListPrice | None) -> None:
    if price is None:
        table.add_row(what, "unknown", "no source states the price")
        return
    doubt = ", unverified: no document states it" if price.unverified else ""
    table.add_row(what, f"USD {rendered(price.usd)}", f"price of {price.as_of}{doubt}")
