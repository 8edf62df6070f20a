"""What `advise` finds: figures of raw data or of a run's manifest, and the rules over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli.data import files
from bedrock_customization_local.cli.defaults import MAXIMUM_TOKENS
from bedrock_customization_local.cli.deployed import manifests
from bedrock_customization_local.cli.messages import CommandError, usage_error
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.contract import KnowledgeChanges, MetricName, use_case
from bedrock_customization_runtime.costs.estimate import estimate_run
from bedrock_customization_runtime.costs.quantities import RunTokens, side_tokens
from bedrock_customization_runtime.costs.words import dollars
from bedrock_customization_runtime.datasets.examination import examine_all
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.report import Report, report
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.datasets.token_counts import TokenCount
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput
from bedrock_customization_runtime.evaluation import advice
from bedrock_customization_runtime.evaluation.metrics import metric_of
from bedrock_customization_runtime.manifest import (
    AdviceReason,
    AdviceSection,
    BaselineSection,
    EstimateSection,
    Manifest,
    SideTokens,
    UseCaseSection,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from bedrock_customization_local.cli.aws_options import Access
    from bedrock_customization_local.cli.data.files import Found
    from bedrock_customization_runtime.datasets.examined import Examined
    from bedrock_customization_runtime.datasets.preparation import PreparedDataset
    from bedrock_customization_runtime.datasets.settings import Settings

SCHEMA_VERSION = 1


class AdviceDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The document that `--format json` writes."""

    schema_version: int = SCHEMA_VERSION
    base_model: str
    use_case: UseCaseSection | None
    train: int
    validation: int
    blind: int
    label_counts: dict[str, int]
    """Training records by label, where answers are labels."""
    near_copies: int | None
    """Records beyond the first of each set of near-copies; None where the manifest does not say."""
    plain_split_leaks: int
    """Blind records that a split by record would have given copies in training."""
    minimum_detectable_effect: float
    """Smallest difference of accuracy that the blind set shows."""
    estimate: EstimateSection | None
    """Of a run; None where it did not come so far."""
    baseline: BaselineSection | None
    """What the base model reached; None where nobody asked it."""
    advice: AdviceSection

    @property
    def is_to_tune(self) -> bool:
        """Whether the verdict is to tune."""
        return self.advice.verdict == advice.Verdict.TUNE


def read_use_case(path: Path | None) -> UseCaseSection | None:
    """Return what a file states.

    Raises:
        CommandError: It cannot be read, or states what makes no sense.
    """
    if path is None:
        return None
    try:
        return UseCaseSection(**use_case.read(path.read_bytes(), name=path.as_posix()))
    except OSError as error:
        raise usage_error(f"--use-case: {path.as_posix()}: {error.strerror}") from None
    except ValueError as error:
        raise usage_error(f"--use-case: {error}") from None


def read_manifest(place: str, access: Access) -> Manifest:
    """Return the manifest in a file or at an S3 URI.

    Raises:
        CommandError: It cannot be read, or is no manifest of this version.
    """
    try:
        return manifests.read_manifest(place, access)
    except CommandError as error:
        # That exit code says here that something else comes first.
        raise usage_error(f"--manifest: {error.message}", *error.advice) from error


def of_manifest(manifest: Manifest) -> AdviceDocument:
    """Return the advice of a run: by its baseline, or as far as its data tell.

    Raises:
        CommandError: The run has no prepared data.
    """
    data, baseline = manifest.preparation, manifest.baseline
    if data is None:
        raise CommandError(
            f"run {manifest.run.id} has no prepared data to judge by: see its report for why"
        )
    effect = data.minimum_detectable_effect or 1.0
    return AdviceDocument(
        base_model=manifest.run.base_model,
        use_case=manifest.use_case,
        train=data.train.records,
        validation=data.validation.records if data.validation else 0,
        blind=data.test.records,
        label_counts=data.label_counts,
        near_copies=None,
        plain_split_leaks=data.plain_split_leaks,
        minimum_detectable_effect=effect,
        estimate=manifest.estimate,
        baseline=baseline,
        advice=(
            baseline.advice
            if baseline
            else _unmeasured(
                manifest.use_case,
                train=data.train.records,
                blind=data.test.records,
                effect=effect,
                advised=_advised_records(manifest.run.base_model, data.record_format),
                labels=data.label_counts,
            )
        ),
    )


def _advised_records(base_model: str, record_format: str) -> int | None:
    """Return how many training records are advised; each method has a format of its own."""
    try:
        methods = catalog.base_model(base_model).methods.values()
    except catalog.UnknownBaseModelError:
        # Of a run that another version made.
        return None
    return next(
        (one.advised_records for one in methods if one.record_format == record_format), None
    )


def of_data(
    found: Found,
    settings: Settings,
    stated: UseCaseSection | None,
    *,
    advance: Callable[[int], None],
) -> AdviceDocument:
    """Return what raw data tell of themselves, divided as the pipeline would.

    Args:
        found: What to read.
        settings: What to prepare by.
        stated: The use case.
        advance: Is told of the bytes read.

    Raises:
        CommandError: The data are refused, or a file cannot be read.
    """
    sources = ((file.name, files.chunks(file, advance)) for file in found.files)
    try:
        with examine_all(sources, settings) as examined:
            prepared = divide(examined)
            return _of_prepared(examined, prepared, settings, stated)
    except DatasetRejected as refusal:
        raise CommandError(
            str(refusal), advice=("bedrock-customization validate says why",)
        ) from None
    except InvalidInput as error:
        raise usage_error(str(error)) from None


def _of_prepared(
    examined: Examined,
    prepared: PreparedDataset,
    settings: Settings,
    stated: UseCaseSection | None,
) -> AdviceDocument:
    document = msgspec.json.decode(report(examined, prepared), type=Report)
    counts = document.prepared
    assert counts is not None  # noqa: S101 - nothing was refused
    return AdviceDocument(
        base_model=settings.base_model,
        use_case=stated,
        train=counts.train,
        validation=counts.validation,
        blind=counts.test,
        label_counts=counts.label_counts,
        near_copies=counts.train + counts.validation + counts.test - counts.clusters,
        plain_split_leaks=counts.plain_split_leaks,
        minimum_detectable_effect=counts.minimum_detectable_effect,
        estimate=_estimate(prepared, settings),
        baseline=None,
        advice=_unmeasured(
            stated,
            train=counts.train,
            blind=counts.test,
            effect=counts.minimum_detectable_effect,
            advised=settings.method.advised_records,
            labels=counts.label_counts,
        ),
    )


def _estimate(prepared: PreparedDataset, settings: Settings) -> EstimateSection:
    def counted(side: Side, count: TokenCount) -> SideTokens:
        for _ in count.counting(prepared.lines(side)):
            pass
        return side_tokens(count)

    rules = settings.method
    is_taught = rules.method is catalog.Method.DISTILLATION
    return estimate_run(
        catalog.base_model(settings.base_model),
        rules.method,
        RunTokens(
            training=prepared.estimated_tokens,
            prompts=(
                counted(Side.TRAIN, TokenCount.of_records(rules.record_format))
                if is_taught
                else None
            ),
            blind=counted(Side.TEST, TokenCount.of_blind_set()),
        ),
        jobs=[{}],
        answer_tokens=MAXIMUM_TOKENS,
    )


def _unmeasured(
    stated: UseCaseSection | None,
    *,
    train: int,
    blind: int,
    effect: float,
    advised: int | None,
    labels: dict[str, int],
) -> AdviceSection:
    changes = stated.knowledge_changes if stated else None
    found = advice.advise(
        advice.Evidence(
            metric=metric_of(stated.metric if stated else MetricName.ACCURACY).title,
            training_records=train,
            blind_records=blind,
            minimum_detectable_effect=effect,
            min_improvement=(stated.min_improvement or 0.0) if stated else 0.0,
            target=stated.target if stated else None,
            advised_records=advised,
            label_counts=labels,
            knowledge_changes=None if changes is None else KnowledgeChanges(changes),
        )
    )
    return AdviceSection(
        verdict=found.verdict.value,
        reasons=[
            AdviceReason(rule=reason.rule.value, message=reason.message) for reason in found.reasons
        ],
    )


def as_json(made: AdviceDocument) -> str:
    """Return one JSON document."""
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode()


def print_advice(console: Console, made: AdviceDocument) -> None:
    """Print the figures, the verdict and its reasons."""
    if made.use_case is not None:
        told = f"{made.use_case.task} Owner: {made.use_case.owner}"
        console.print(Text.assemble(("Use case: ", "bold"), told))
    for title, text in _figures(made):
        console.print(Text.assemble((f"{title}: ", "bold"), text))
    if made.baseline is not None:
        console.print()
        console.print(_baseline_table(made.baseline))
    console.print()
    mark = ("✓ ", "bold green") if made.is_to_tune else ("→ ", "bold yellow")
    console.print(Text.assemble(mark, (made.advice.verdict, "bold")))
    for reason in made.advice.reasons:
        console.print()
        console.print(Text.assemble((f"{reason.rule}: ", "dim"), reason.message))


def _figures(made: AdviceDocument) -> list[tuple[str, str]]:
    labels = made.label_counts
    found = [
        (
            "Records",
            f"{made.train:,} to train, {made.validation:,} to validate, {made.blind:,} blind",
        )
    ]
    if labels:
        least, most = min(labels.values()), max(labels.values())
        found.append(
            ("Labels", f"{len(labels):,}, with {least:,} to {most:,} training records each")
        )
    leaks = f"a plain random split would have leaked {made.plain_split_leaks:,} blind records"
    if made.near_copies is None:
        found.append(("Near-copies", leaks))
    else:
        copies = f"{made.near_copies:,} record{'' if made.near_copies == 1 else 's'}"
        found.append(("Near-copies", f"{copies} beyond the first of each; {leaks}"))
    effect = f"{made.minimum_detectable_effect:.1%}"
    found.append(("Power", f"the blind set shows differences of accuracy from {effect} on"))
    if made.estimate is not None:
        known = f"about {dollars(made.estimate.known_usd)}"
        unknown = [item.name for item in made.estimate.items if item.usd is None]
        if unknown:
            known = f"{known} without {', '.join(unknown)}, whose price or amount is not known"
        found.append(("Cost of a run", known))
    return found


def _baseline_table(baseline: BaselineSection) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(f"the base model, {baseline.records:,} records")
    for name in (baseline.metric, "95 % interval", "wrong form"):
        table.add_column(name, justify="right")
    for way, figures in (
        ("zero-shot", baseline.zero_shot),
        (f"with {baseline.examples} examples in the prompt", baseline.few_shot),
    ):
        if figures is not None:
            lower, upper = figures.interval
            table.add_row(
                way,
                f"{figures.value:.1%}",
                f"{lower:.1%} to {upper:.1%}",
                f"{figures.format_failures:.1%}",
            )
    return table
