"""What the commands about data sets are asked, the same way by each of them."""

from __future__ import annotations

import json
from collections.abc import Iterator  # noqa: TC003 - typer reads the annotations
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from bedrock_customization_local.cli.defaults import SEED, TEST_SHARE, VALIDATION_SHARE
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime import catalog

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        LogsPlan,
        MetadataFilters,
        RecordTemplate,
        Split,
    )

STANDARD_STREAM = Path("-")


class MethodChoice(StrEnum):
    """The customization methods, as a command line spells them."""

    FINE_TUNING = "fine-tuning"
    DISTILLATION = "distillation"
    CONTINUED_PRE_TRAINING = "continued-pre-training"
    REINFORCEMENT_FINE_TUNING = "reinforcement-fine-tuning"


def complete_base_model(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the base models whose id begins so, with their names, for the shell."""
    for model in catalog.base_models():
        if model.id.startswith(incomplete):
            yield model.id, model.name


PathsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH",
        help="Files or folders: .jsonl, .csv, both as .gz too, .parquet, logs as .json.gz; "
        "- is standard input.",
        show_default=False,
    ),
]
BaseModelOption = Annotated[
    str,
    typer.Option(
        metavar="ID",
        help="Base model whose rules decide.",
        autocompletion=complete_base_model,
        show_default=False,
    ),
]
MethodOption = Annotated[
    MethodChoice | None,
    typer.Option(help="Customization method. Without it: fine-tuning, or the model's only one."),
]
BucketOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Bucket where the data set will lie: some models want media there too."
    ),
]
MaximumShownOption = Annotated[
    int, typer.Option(min=0, metavar="N", help="Rejected records to show.")
]
TeacherOption = Annotated[str | None, typer.Option(metavar="ID", help="Teacher of a distillation.")]
SystemOption = Annotated[
    str | None, typer.Option(metavar="TEXT", help="System prompt of every record.")
]
GroupByOption = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column whose equal values stay on one side of the split."),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOptions:
    """What the user wants of invocation logs."""

    teacher: TeacherOption = None
    use_prompt_response: Annotated[
        bool,
        typer.Option(
            "--use-prompt-response",
            help="Learn the answers of invocation logs, too; without it, their prompts alone.",
        ),
    ] = False
    filters: Annotated[
        str | None,
        typer.Option(
            "--request-metadata-filters",
            metavar="JSON",
            help="Which invocation logs are learned from, as Bedrock's API spells it: "
            '{"equals": {"project": "bank"}}.',
        ),
    ] = None

    def plan(self, method: catalog.Method) -> LogsPlan | None:
        """Return the same for the engine; None where a method takes all logs as they are.

        Raises:
            CommandError: The options contradict each other, or Bedrock would refuse the filters.
        """
        if method is not catalog.Method.DISTILLATION:
            if self != LogOptions():
                raise usage_error(
                    "--teacher, --use-prompt-response and --request-metadata-filters are of "
                    "distillation: add --method distillation"
                )
            return None
        if self.use_prompt_response and self.teacher is None:
            raise usage_error("--use-prompt-response needs --teacher: its answers are learned")
        plan: LogsPlan = {
            "teacher": self.teacher or "",
            "use_prompt_response": self.use_prompt_response,
        }
        if self.filters is not None:
            plan["request_metadata_filters"] = _filters_of(self.filters)
        return plan


def _filters_of(text: str) -> MetadataFilters:
    try:
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError(f"they are an object, got {type(found).__name__}")  # noqa: TRY301, TRY004 - told like the others
        catalog.check_filters(found)
    except ValueError as error:
        raise usage_error(f"--request-metadata-filters: {error}") from None
    return cast("MetadataFilters", found)


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitOptions:
    """How the user wants records divided into training, validation and blind set."""

    group_by: GroupByOption = None
    stratify_by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column whose values are spread over the sides alike."),
    ] = None
    slice_by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="Column by which results are told apart; may be repeated."
        ),
    ] = None
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the validation set.")
    ] = VALIDATION_SHARE
    test: Annotated[float, typer.Option(metavar="SHARE", help="Share of the blind set.")] = (
        TEST_SHARE
    )
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Another one gives another split.")
    ] = SEED

    @property
    def shares(self) -> Split:
        """The same for the engine."""
        return {"validation": self.validation, "test": self.test, "seed": self.seed}


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """How the user wants columns to become records; all None where the rows are records."""

    prompt: Annotated[
        str | None,
        typer.Option(
            metavar="TEMPLATE", help="What the model is asked; {column} is a column's value."
        ),
    ] = None
    completion: Annotated[
        str | None, typer.Option(metavar="TEMPLATE", help="What it should answer.")
    ] = None
    system: SystemOption = None
    target: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column with the answers, in place of --prompt and --completion."
        ),
    ] = None
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="COLUMN",
            help="Column that is asked with, for --target; may be repeated. Without it: all "
            "others.",
        ),
    ] = None

    def template(self, first: Path, split: SplitOptions | None = None) -> RecordTemplate | None:
        """Return the template for the engine.

        Args:
            first: The first file, whose columns `target` is looked up in.
            split: Names columns, too.

        Raises:
            CommandError: The options contradict each other, or do not fit the file.
        """
        split = split or SplitOptions()
        if self.target is not None:
            return self._template_of_target(self.target, first, split)
        if self.inputs:
            raise usage_error("--input belongs to --target: name the column with the answers too")
        if self.prompt is None or self.completion is None:
            for name, value in (
                ("--prompt", self.prompt),
                ("--completion", self.completion),
                ("--system", self.system),
                ("--group-by", split.group_by),
                ("--stratify-by", split.stratify_by),
                ("--slice-by", split.slice_by or None),
            ):
                if value is not None:
                    raise usage_error(
                        f"{name} needs a template: give both --prompt and --completion, or --target"
                    )
            return None
        return self._record_template(self.prompt, self.completion, split)

    def _template_of_target(self, target: str, first: Path, split: SplitOptions) -> RecordTemplate:
        if self.prompt is not None or self.completion is not None:
            raise usage_error("--target stands in place of --prompt and --completion: leave it out")
        if first == STANDARD_STREAM:
            raise usage_error(
                "--target looks columns up, which standard input is too fleeting for: "
                "give --prompt and --completion"
            )
        # Not for --help: the readers take a while to import.
        from bedrock_customization_local.cli.data import source  # noqa: PLC0415

        found = source.template_of(
            source.open_data(first),
            target=target,
            inputs=self.inputs or (),
            system=self.system,
            group_by=split.group_by,
        )
        return self._record_template(found.prompt, found.completion, split)

    def _record_template(self, prompt: str, completion: str, split: SplitOptions) -> RecordTemplate:
        template: RecordTemplate = {"prompt": prompt, "completion": completion}
        if self.system is not None:
            template["system"] = self.system
        if split.group_by is not None:
            template["group_by"] = split.group_by
        if split.stratify_by is not None:
            template["stratify_by"] = split.stratify_by
        if split.slice_by:
            template["slice_by"] = split.slice_by
        return template


@dataclass(frozen=True, slots=True)
class Choice:
    """A base model and how it is to be customized."""

    model: catalog.BaseModel
    rules: catalog.MethodRules

    @property
    def words(self) -> str:
        """Both, for people."""
        return f"{self.model.id} ({MethodChoice[self.rules.method.name].value})"


def choice_of(base_model: str, method: MethodChoice | None) -> Choice:
    """Return the base model and the rules of the method.

    Raises:
        CommandError: The catalogue has no such model, or the model no such method.
    """
    try:
        model = catalog.base_model(base_model)
    except catalog.UnknownBaseModelError as error:
        raise usage_error(f"--base-model: {error}") from None
    if method is None:
        rules = model.methods.get(catalog.Method.FINE_TUNING)
        return Choice(model, rules or next(iter(model.methods.values())))
    wanted = catalog.Method[method.name]
    if wanted not in model.methods:
        offered = " and ".join(MethodChoice[each.name].value for each in model.methods)
        raise usage_error(f"--method: {model.id} does not support {method}, only {offered}")
    return Choice(model, model.methods[wanted])
