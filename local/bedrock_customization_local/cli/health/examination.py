"""All checks in their order; what cannot be looked at is a finding too, and stops no other."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import psutil
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_local.cli.health import machine
from bedrock_customization_local.cli.health.findings import Finding, Level, doubtful, in_the_way
from bedrock_customization_local.cli.messages import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from boto3 import Session
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

    from bedrock_customization_local.cli.aws_options import Target
    from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline
    from bedrock_customization_local.cli.deployed.settings import PipelineSettings

    _Check = tuple[str, Callable[[], Iterable[Finding]]]

_QUALIFIER, _CONTEXT_QUALIFIER = "hnb659fds", "@aws-cdk/core:bootstrapQualifier"
_NO_SUCH_STACK = "ValidationError"
_BASE_MODEL = "bedrock_customization:baseModel"


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in one place.

    Args:
        title: For people.
        findings: In the order of the checks.
    """

    title: str
    findings: tuple[Finding, ...]


def examine(
    folder: Path, target: Target, *, base_model: str | None, offline: bool
) -> Iterator[Part]:
    """Yield what is found, place by place.

    Args:
        folder: Of the user's app.
        target: Account, Region and stack.
        base_model: Id for customization; None for that of the app, or of what is deployed.
        offline: Whether to leave AWS alone.
    """
    settings = _settings(folder)
    yield Part("This machine", tuple(_machine(folder, settings)))
    if offline:
        return
    try:
        session = target.session()
    except CommandError as error:
        yield Part(
            "The account",
            (in_the_way("credentials", error.message, " ".join(error.advice)),),
        )
        return
    yield from _aws(session, target, settings, base_model)


def _settings(folder: Path) -> dict[str, object]:
    """Return what `cdk.json` says, where it can be read; the check of the app tells the rest."""
    try:
        found = json.loads((folder / "cdk.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _machine(folder: Path, settings: dict[str, object]) -> Iterator[Finding]:
    yield from machine.app(folder)
    yield machine.python(str(settings.get("app") or "python3"), os.environ)
    yield machine.node(os.environ)
    yield machine.cdk_cli(folder, os.environ, library=machine.version_of("aws-cdk-lib"))
    yield machine.extras(metadata.distribution(machine.PACKAGE))
    temporary = tempfile.gettempdir()
    yield machine.disk(shutil.disk_usage(temporary).free, temporary)
    yield machine.memory(psutil.virtual_memory().available)
    yield machine.proxy(os.environ)


def _aws(
    session: Session, target: Target, settings: dict[str, object], base_model: str | None
) -> Iterator[Part]:
    # boto3 and the catalogue, only where AWS is asked.
    from bedrock_customization_local.cli.health import account  # noqa: PLC0415

    caller = tuple(account.credentials(session))
    if any(one.level is Level.ERROR for one in caller):
        yield Part("The account", caller)
        return
    context = settings.get("context")
    context = context if isinstance(context, dict) else {}
    qualifier = str(context.get(_CONTEXT_QUALIFIER) or _QUALIFIER)
    seen = _look(session, target)
    known = seen.settings
    model = base_model or (known and known.base_model) or context.get(_BASE_MODEL)
    units = known.model_units if known else 0
    imports = known is not None and known.kind.value == "import"
    checks: tuple[_Check, ...] = (
        ("bootstrap", lambda: [account.bootstrap(session, qualifier)]),
        *((("base-model", lambda: account.base_model(session, str(model))),) if model else ()),
        ("quotas", lambda: account.room(session, model_units=units, imports=imports)),
        ("invocation-logging", lambda: [account.invocation_logging(session)]),
    )
    yield Part("The account", (*caller, *_looked(checks)))
    yield from seen.parts(session)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """A pipeline that is deployed, or why there is none to look at."""

    findings: tuple[Finding, ...] = ()
    stack: StackTypeDef | None = None
    pipeline: DeployedPipeline | None = None
    settings: PipelineSettings | None = None

    def parts(self, session: Session) -> Iterator[Part]:
        from bedrock_customization_local.cli.health import deployed_pipeline as one  # noqa: PLC0415

        stack, pipeline = self.stack, self.pipeline
        checks: list[_Check] = []
        if stack:
            checks.append(("stack", lambda: [one.stack(stack)]))
        if stack and pipeline:
            outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
            topic = outputs.get("NotificationTopicArn")
            checks += [
                ("keys", lambda: one.keys(session, pipeline)),
                ("alias", lambda: [one.alias(session, pipeline)]),
                ("dead-letters", lambda: [one.dead_letters(session, pipeline.stack)]),
            ]
            if topic:
                checks.append(("subscribers", lambda: [one.subscribers(session, topic)]))
        if checks or self.findings:
            yield Part("The deployed pipeline", (*_looked(checks), *self.findings))


def _look(session: Session, target: Target) -> _Seen:
    """Find the pipeline that is deployed; without a stack's name there need not be one."""
    from bedrock_customization_local.cli.deployed import pipelines, settings  # noqa: PLC0415

    try:
        stacks = [
            stack
            for stack in pipelines.stacks(session, target.stack)
            if target.stack or pipelines.DeployedPipeline.of_stack(stack)
        ]
        if len(stacks) != 1:
            several = ", ".join(stack["StackName"] for stack in stacks)
            told = doubtful(
                "stack", f"several stacks hold a pipeline: {several}", "name one with --stack"
            )
            return _Seen(findings=(told,)) if stacks else _Seen()
        [stack] = stacks
        pipeline = pipelines.DeployedPipeline.of_stack(stack)
        if pipeline is None:
            return _Seen(stack=stack)
        machine_arn = pipeline.state_machine_arn
        states = session.client("stepfunctions")
        definition = states.describe_state_machine(stateMachineArn=machine_arn)["definition"]
    except ClientError as error:
        if target.stack and error.response["Error"].get("Code") == _NO_SUCH_STACK:
            missing = f"there is no stack {target.stack} in {session.region_name}"
            advice = "check the name, the account and the Region"
            return _Seen(findings=(in_the_way("stack", missing, advice),))
        return _Seen(findings=(_unseen("stack", error),))
    except BotoCoreError as error:
        return _Seen(findings=(_unseen("stack", error),))
    return _Seen(
        stack=stack,
        pipeline=pipeline,
        settings=settings.PipelineSettings.of_definition(definition),
    )


def _looked(checks: Iterable[_Check]) -> Iterator[Finding]:
    for name, check in checks:
        try:
            yield from check()
        except (BotoCoreError, ClientError) as error:
            yield _unseen(name, error)


def _unseen(name: str, error: Exception) -> Finding:
    return doubtful(
        name,
        f"could not be looked at: {error}",
        "ask for the right to read it, or look in the console",
    )
