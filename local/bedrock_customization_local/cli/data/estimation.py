"""What `estimate` finds: tokens counted by the engine, prices from the catalogue, never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli.data import files
from bedrock_customization_local.cli.data.preparation_text import usd
from bedrock_customization_local.cli.messages import CommandError, usage_error
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog.hyperparameters import rendered
from bedrock_customization_runtime.costs.estimate import estimate_run
from bedrock_customization_runtime.costs.quantities import RunTokens, side_tokens
from bedrock_customization_runtime.datasets.examination import examine_all
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.datasets.token_counts import TokenCount
from bedrock_customization_runtime.datasets.tokens import ERROR
from bedrock_customization_runtime.datasets.training_cost import EPOCHS
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput
from bedrock_customization_runtime.manifest import EstimateSection  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from rich.console import Console

    from bedrock_customization_local.cli.data.files import Found
    from bedrock_customization_local.cli.data.options import Choice
    from bedrock_customization_runtime.contract import TeacherPlan
    from bedrock_customization_runtime.datasets.examined import Examined
    from bedrock_customization_runtime.datasets.settings import Settings
    from bedrock_customization_runtime.manifest import CostItem, SideTokens

SCHEMA_VERSION = 2
_LEAST = 1e-4
"""US dollars; less is no figure worth telling."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPlan:
    """What of a run decides its cost, beside the data.

    Args:
        epochs: None for the base model's default.
        max_tokens: Limit of an answer in the evaluation.
        few_shot: Examples before each of its questions when the base model is asked a second time.
        teaching: Of a distillation.
    """

    epochs: int | None
    max_tokens: int
    few_shot: int
    teaching: TeacherPlan | None


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """The document that `--format json` writes."""

    schema_version: int = SCHEMA_VERSION
    base_model: str
    records: int
    """Usable ones, copies included."""
    rejected: int
    train: int
    """Without exact copies; likewise the next. The rest is the validation set."""
    blind: int
    token_error: float = ERROR
    """Share by which tokens may be off."""
    run: EstimateSection


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


def checked_teaching(
    choice: Choice, teacher: str | None, max_response_length: int | None
) -> TeacherPlan | None:
    """Return how a teacher answers; None for another method than distillation.

    Raises:
        CommandError: Another method has no teacher, or this one is not named or cannot teach.
    """
    if choice.rules.method is not catalog.Method.DISTILLATION:
        if max_response_length is not None:
            raise usage_error(
                "--max-response-length is of distillation: add --method distillation"
            )
        return None
    known = [one.id for one in choice.rules.teachers]
    if teacher not in known:
        told = "is not given" if teacher is None else f"{teacher} cannot teach {choice.model.id}"
        raise usage_error(f"--teacher: {told}: use {' or '.join(known)}")
    teaching: TeacherPlan = {"teacher": teacher}
    if max_response_length is not None:
        teaching["max_response_length"] = max_response_length
    return teaching


def estimate(
    found: Found, settings: Settings, plan: RunPlan, *, advance: Callable[[int], None]
) -> Estimate:
    """Return what a run with files as its raw data costs.

    The files are not prepared, which takes longer: their usable records are divided by the shares
    of the split alone, without regard to near-copies.

    Args:
        found: What to read.
        settings: Whose rules, shares and prices decide.
        plan: The rest.
        advance: Is told of the bytes read.

    Raises:
        CommandError: No record can be used, or a file cannot be read.
    """
    sources = ((file.name, files.chunks(file, advance)) for file in found.files)
    try:
        with examine_all(sources, settings) as examined:
            if not examined.accepted:
                raise CommandError(
                    f"no record can be used, and {examined.rejected:,} were rejected",
                    advice=("bedrock-customization validate says why",),
                )
            return _estimate(examined, settings, plan)
    except DatasetRejected as refusal:
        raise CommandError(str(refusal)) from None
    except InvalidInput as error:
        raise usage_error(str(error)) from None


def _estimate(examined: Examined, settings: Settings, plan: RunPlan) -> Estimate:
    rules = settings.method
    columns = examined.index.columns()
    train, blind = _sides(columns.exact, settings)
    is_taught = rules.method is catalog.Method.DISTILLATION
    tokens = RunTokens(
        training=int(columns.tokens[train].sum()),
        records=len(train),
        prompts=(
            _counted(examined, Side.TRAIN, train, TokenCount.of_records(rules.record_format))
            if is_taught
            else None
        ),
        blind=_counted(examined, Side.TEST, blind, TokenCount.of_blind_set()),
    )
    given = {} if plan.epochs is None else {EPOCHS: str(plan.epochs)}
    return Estimate(
        base_model=settings.base_model,
        records=examined.accepted,
        rejected=examined.rejected,
        train=len(train),
        blind=len(blind),
        run=estimate_run(
            catalog.base_model(settings.base_model),
            rules.method,
            tokens,
            jobs=[given],
            teaching=plan.teaching,
            answer_tokens=plan.max_tokens,
            few_shot=plan.few_shot,
        ),
    )


def _sides(
    exact: NDArray[np.uint64], settings: Settings
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which records are trained on and which are blind: by hash, each copy once."""
    rows = np.unique(exact, return_index=True)[1]
    blind = max(1, round(settings.split["test"] * len(rows)))
    validation = round(settings.validation_share * len(rows))
    return rows[blind + validation :], rows[:blind]


def _counted(
    examined: Examined, side: Side, rows: NDArray[np.intp], count: TokenCount
) -> SideTokens:
    for _ in count.counting(examined.lines_of(side, rows)):
        pass
    return side_tokens(count)


def as_json(made: Estimate) -> str:
    """Return one JSON document."""
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode()


def print_estimate(console: Console, made: Estimate) -> None:
    """Print what is known, and what is not."""
    run = made.run
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("what", "how many", "about"):
        table.add_column(name, justify="left" if name == "what" else "right", no_wrap=True)
    table.add_column("by", ratio=1)
    for item in run.items:
        _add_item(table, item)
    if run.usd is None:
        unknown = Text("unknown", style="red")
        table.add_row("the run", "", unknown, f"{_amount(run.known_usd)} of it is known")
    else:
        error = f"± {made.token_error:.0%} for English prose"
        table.add_row("the run", "", Text(_amount(run.usd), style="bold"), error)
    for item in run.monthly:
        _add_item(table, item, each="a month: ")
    console.print(table)
    console.print()
    rejected = f", {made.rejected:,} more are rejected" if made.rejected else ""
    console.print(
        f"{made.records:,} usable records, {made.train:,} to train and {made.blind:,} blind"
        f"{rejected}. Tokens are estimated."
    )
    assumed: dict[str, list[str]] = {}
    for item in (*run.items, *run.monthly):
        if item.assumption:
            assumed.setdefault(item.assumption, []).append(item.name)
    for assumption, names in assumed.items():
        console.print(Text.assemble((f"{', '.join(names)}: ", "dim"), assumption))
    lacking = [item.name for item in run.items if item.usd is None]
    if lacking:
        console.print()
        console.print(
            Text.assemble(
                ("✗ ", "bold red"),
                f"no price or amount is known for {', '.join(lacking)}, and none is guessed: see "
                "https://aws.amazon.com/bedrock/pricing/",
            )
        )


def _add_item(table: Table, item: CostItem, *, each: str = "") -> None:
    unit = item.unit.removesuffix("s") if item.quantity == 1 else item.unit
    quantity = "" if item.quantity is None else f"{item.quantity:,.0f} {unit}"
    amount = Text("unknown", style="red") if item.usd is None else Text(_amount(item.usd))
    by = ""
    if item.quantity is None:
        by = "nobody knows how many"
    elif item.price_usd is None and item.usd is None:
        by = "no source states the price"
    elif item.price_as_of:
        per = f" / {item.price_per:,}" if item.price_per > 1 else ""
        doubt = ", unverified" if item.price_unverified else ""
        by = f"{rendered(item.price_usd or 0)}{per}, {item.price_as_of}{doubt}"
    table.add_row(f"{each}{item.name}", quantity, amount, by)


def _amount(amount: float) -> str:
    """Return an amount of which cents may be too coarse."""
    if not amount:
        return "nothing"
    return usd(amount) if amount >= 1 else f"USD {max(amount, _LEAST):.4f}"
