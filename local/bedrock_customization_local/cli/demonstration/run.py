"""What `demo` does: choose data and app, put the pipeline on the embedded AWS, tell how it went."""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from bedrock_customization_local.cli.data import source
from bedrock_customization_local.cli.demonstration import explore, results
from bedrock_customization_local.cli.demonstration.request import BASE_MODEL, REPORTS
from bedrock_customization_local.cli.demonstration.synth import Synthesis, find_app
from bedrock_customization_local.cli.demonstration.workspace import workspace
from bedrock_customization_local.cli.following.display import Timeline
from bedrock_customization_local.cli.messages import print_error, run_error, usage_error
from bedrock_customization_local.cli.running import REGION, TIME_SCALE
from bedrock_customization_runtime import catalog

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_local.cli.demonstration.request import Request
    from bedrock_customization_local.cli.demonstration.synth import CdkApp

_DATA = Path(__file__).parents[2] / "demo_data" / "banking77_excerpt.csv"
_ATTRIBUTION = "an excerpt of BANKING77 by PolyAI, CC-BY-4.0"
_TEMPLATE = source.Template(
    prompt="{text}",
    completion="{category}",
    system="You sort customers' questions to a bank. Answer with the intent only.",
)
_QUESTION, _ANY_QUESTION = "How do I change my PIN?", "<your question>"
_BASE_MODEL_KEY = "bedrock_customization:baseModel"
_TEMPLATE_KEYS = {
    "prompt": "bedrock_customization:prompt",
    "completion": "bedrock_customization:completion",
    "system": "bedrock_customization:system",
    "group_by": "bedrock_customization:groupBy",
}


def run(console: Console, request: Request) -> None:
    """Run the demo.

    Args:
        console: Where to print.
        request: What the user asked for.

    Raises:
        CommandError: It cannot be done, or the pipeline's run failed.
    """
    app = find_app(Path.cwd())
    context = context_of(app, request)
    name = f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    output = request.output or REPORTS / name
    _check_writable(output)
    _print_head(console, app, request, str(context[_BASE_MODEL_KEY]))
    with ExitStack() as stack:
        folder = stack.enter_context(workspace())
        region = _region_of(str(context[_BASE_MODEL_KEY]))
        synthesis = stack.enter_context(
            Synthesis(app, context, assembly=folder / "cdk.out", region=region)
        )
        with Timeline(console) as timeline:
            timeline.phase("Set-up")
            with timeline.work("Start the local AWS") as work:
                # While the app synthesizes: importing it takes a second or two.
                from bedrock_customization_local.cli.demonstration import lifecycle  # noqa: PLC0415

                cloud = stack.enter_context(
                    lifecycle.local_cloud(region=region, port=request.port, time_scale=TIME_SCALE)
                )
                work.detail = cloud.endpoint_url
            with timeline.work("Synthesize the app", since=synthesis.started):
                assembly = synthesis.result(traceback=request.verbose)
            with timeline.work("Deploy it") as work:
                pipeline = lifecycle.deploy(cloud, assembly)
                work.detail = f"stack {pipeline.stack}"
            with timeline.work("Upload the data") as work:
                source_uri = lifecycle.upload(cloud, pipeline, request.data or _DATA)
                work.detail = source_uri.rpartition("/")[2]
            execution = lifecycle.execute(
                cloud, pipeline, name=name, source=source_uri, timeline=timeline, output=output
            )
        if execution.manifest and not execution.failure:
            alias = lifecycle.alias_value(cloud, pipeline)
            results.print_outcome(console, execution.manifest, alias)
            results.print_bill(console, cloud.bedrock.meter.lines())
            results.print_report(console, execution.report)
        error = run_error(execution.failure, execution.report) if execution.failure else None
        if request.keep:
            if error:
                print_error(console, error)
            explore.print_environment(console, cloud)
            explore.print_pipeline(
                console, pipeline, execution.arn, _ANY_QUESTION if request.data else _QUESTION
            )
            explore.wait_for_end(console)
            if error:
                raise typer.Exit(error.exit_code)
    if error:
        raise error


def _region_of(base_model: str) -> str:
    """Return where the base model is customized; of an unknown one the synth has more to say."""
    try:
        return catalog.base_model(base_model).regions[0]
    except catalog.UnknownBaseModelError:
        return REGION


def context_of(app: CdkApp, request: Request) -> dict[str, object]:
    """Return the CDK context of the app: its own, and what the request says instead.

    Raises:
        CommandError: The request does not fit the data.
    """
    context = dict(app.context)
    if request.base_model or _BASE_MODEL_KEY not in context:
        context[_BASE_MODEL_KEY] = request.base_model or BASE_MODEL
    # Nothing is downloaded: the embedded AWS gives the functions this environment's libraries.
    context["aws:cdk:bundling-stacks"] = []
    if request.data and not request.target and _has_template(app):
        data = source.open_data(request.data)
        if not data.holds_records:
            _refuse_columns(request, f"the app of {app.folder} has a template of its own")
            return context
    template = _template_of(request)
    for field, key in _TEMPLATE_KEYS.items():
        value = getattr(template, field) if template else None
        if value is None:
            context.pop(key, None)
        else:
            context[key] = value
    return context


def _has_template(app: CdkApp) -> bool:
    """Whether rows are made records by the app: in its code, unless it is the ready-made one."""
    return (app.folder / "cdk.json").is_file()


def _template_of(request: Request) -> source.Template | None:
    """Return how rows become records; None if the file holds records already."""
    if request.data is None:
        _refuse_columns(request, "they choose columns of --data FILE", target=request.target)
        return _TEMPLATE
    data = source.open_data(request.data)
    if request.target:
        return source.template_of(
            data,
            target=request.target,
            inputs=request.inputs,
            system=request.system,
            group_by=request.group_by,
        )
    if not data.holds_records:
        raise usage_error(
            f"{data.path} holds columns: name the one with the answers, --target COLUMN",
            f"columns: {', '.join(data.columns)}",
        )
    _refuse_columns(
        request, f"{data.path} holds finished records; without --target it is used as is"
    )
    return None


def _refuse_columns(request: Request, reason: str, *, target: str | None = None) -> None:
    """Refuse options that choose columns where there are none to choose."""
    given = {
        "--target": target,
        "--input": request.inputs,
        "--group-by": request.group_by,
        "--system": request.system,
    }
    for option, value in given.items():
        if value:
            raise usage_error(f"{option} does not apply: {reason}")


def _check_writable(folder: Path) -> None:
    """Find out now, and not after the run, that the report cannot be written."""
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not existing.is_dir():
        raise usage_error(f"{existing} is no folder: choose another --output DIR")
    if not os.access(existing, os.W_OK):
        raise usage_error(f"nothing can be written to {existing}: choose another --output DIR")


def _print_head(console: Console, app: CdkApp, request: Request, base_model: str) -> None:
    told = {
        "app": app.title,
        "data": str(request.data) if request.data else f"{_DATA.name}, {_ATTRIBUTION}",
        "base model": base_model,
    }
    for name, value in told.items():
        console.print(Text.assemble((f"{name:<11}", "dim"), value), soft_wrap=True)
    console.print()
