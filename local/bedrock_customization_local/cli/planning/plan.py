"""The whole plan: stacks and what a deployment changes in them, and what a run would cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_local.cli.data import estimation, files
from bedrock_customization_local.cli.data.estimation import Estimate, RunPlan
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_local.cli.planning import summary
from bedrock_customization_local.cli.planning.assemblies import stacks_of
from bedrock_customization_local.cli.planning.summary import StackSummary  # noqa: TC001 - msgspec reads it
from bedrock_customization_local.cli.starting.checking import engine_settings
from bedrock_customization_runtime.datasets.training_cost import EPOCHS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mypy_boto3_cloudformation import CloudFormationClient

    from bedrock_customization_local.cli.aws_options import Access
    from bedrock_customization_local.cli.deployed.settings import PipelineSettings
    from bedrock_customization_local.cli.planning.assemblies import SynthesizedStack

_NO_SUCH_STACK = "ValidationError"
_JSON_BEGINS = "{"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The document that `--format json` writes."""

    stacks: list[StackSummary]
    not_compared: str | None
    """Why nothing was held against what is deployed; None where it was."""
    run: Estimate | None
    """What a run with the data costs; None where none were given."""


def plan(
    assembly: Path, access: Access, *, stack: str | None, data: Sequence[Path], compare: bool
) -> Plan:
    """Return the plan of an assembly.

    Args:
        assembly: Its folder.
        access: To what is deployed.
        stack: Name of the only one to look at; None for all.
        data: Files of which a run's cost is estimated.
        compare: Whether to ask AWS what is deployed.

    Raises:
        CommandError: There is no such stack, or data were given and no pipeline takes them.
    """
    stacks = [one for one in stacks_of(assembly) if stack in {None, one.name}]
    if not stacks:
        names = ", ".join(one.name for one in stacks_of(assembly))
        raise usage_error(f"the app has no stack {stack}", f"it has {names}")
    found = [summary.summarize(one.name, one.template) for one in stacks]
    reason: str | None = "--offline"
    if compare:
        found, reason = _compared(found, stacks, access)
    return Plan(
        stacks=found,
        not_compared=reason,
        run=_cost(stacks, data) if data else None,
    )


def _compared(
    summaries: list[StackSummary], stacks: Sequence[SynthesizedStack], access: Access
) -> tuple[list[StackSummary], str | None]:
    try:
        client = access.session().client("cloudformation")
        compared = []
        for told, one in zip(summaries, stacks, strict=True):
            deployed = _deployed(client, one.name)
            changes = [] if deployed is None else summary.differences(deployed, one.template)
            compared.append(
                msgspec.structs.replace(told, is_deployed=deployed is not None, changes=changes)
            )
    except (BotoCoreError, ClientError) as error:
        return summaries, str(error)
    return compared, None


def _deployed(client: CloudFormationClient, name: str) -> dict[str, Any] | None:
    try:
        body: Any = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    except ClientError as error:
        if error.response["Error"].get("Code") == _NO_SUCH_STACK:
            return None
        raise
    if isinstance(body, str):
        return json.loads(body) if body.lstrip().startswith(_JSON_BEGINS) else None
    return dict(body)


def _cost(stacks: Sequence[SynthesizedStack], data: Sequence[Path]) -> Estimate:
    known = [found for one in stacks for found in summary.pipelines_of(one.template)]
    prepared = [one for one in known if one.preparation is not None and one.planning]
    if len(prepared) != 1:
        raise usage_error(
            f"--data: {len(prepared)} pipelines of the app customize a model",
            "name the stack of one with --stack" if prepared else "leave --data out",
        )
    [settings] = prepared
    engine = engine_settings(settings)
    if engine is None:
        raise usage_error("--data: the pipeline lets a model answer before it counts: leave it out")
    return estimation.estimate(
        files.find(data), engine, _run_plan(settings), advance=lambda _: None
    )


def _run_plan(settings: PipelineSettings) -> RunPlan:
    epochs = settings.hyperparameters.get(EPOCHS)
    return RunPlan(
        epochs=None if epochs is None else int(epochs),
        max_tokens=settings.planning["evaluation_max_tokens"],
        few_shot=settings.planning.get("evaluation_few_shot", 0),
        teaching=settings.planning.get("teaching"),
    )
