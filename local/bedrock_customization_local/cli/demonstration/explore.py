"""Lines to copy: how to reach the embedded AWS from other programs."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from bedrock_customization_local.cli.signals import Interrupted

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_local.cli.demonstration.lifecycle import Pipeline
    from bedrock_customization_local.cloud.server import LocalCloud

# The tag `latest` is on 3.0.0, which was published by accident and cannot read today's assemblies.
_CDK = "npx aws-cdk@2.1148.1"


def print_environment(console: Console, cloud: LocalCloud) -> None:
    """Print what points boto3, the AWS CLI and the CDK CLI at the embedded AWS."""
    _print_lines(
        console,
        f"The local AWS is at {cloud.endpoint_url}. In another terminal:",
        # Node and the CDK's Python come with this environment.
        f"export PATH={Path(sys.executable).parent}:$PATH",
        *(f"export {name}={value}" for name, value in cloud.environment().items()),
    )


def print_pipeline(console: Console, pipeline: Pipeline, execution_arn: str, question: str) -> None:
    """Print how to look at what a run left, and how to ask the promoted model a question."""
    messages = json.dumps([{"role": "user", "content": [{"text": question}]}])
    _print_lines(
        console,
        "Then, for example:",
        f"aws s3 ls --recursive s3://{pipeline.artifacts_bucket}/runs/",
        f"aws stepfunctions describe-execution --execution-arn {execution_arn}",
        f"MODEL=$(aws ssm get-parameter --name {pipeline.alias_parameter}"
        " --query Parameter.Value --output text)",
        f"aws bedrock-runtime converse --model-id $MODEL --messages '{messages}'",
    )


def print_deployment(console: Console) -> None:
    """Print how to deploy an app and start a run."""
    _print_lines(
        console,
        "Deploy an app and run its pipeline:",
        f"{_CDK} bootstrap",
        f"{_CDK} deploy",
        "bedrock-customization start data.csv --watch",
    )


def wait_for_end(console: Console) -> None:
    """Wait until Ctrl-C, or until the process is told to end in another way."""
    console.print()
    console.print("Ctrl-C ends it, and all that is in it.")
    try:
        threading.Event().wait()
    except Interrupted:
        console.print("ended")


def _print_lines(console: Console, title: str, *lines: str) -> None:
    """Print lines under a title; they never wrap, so that they can be copied whole."""
    console.print()
    console.print(Text(title, style="bold"), soft_wrap=True)
    for line in lines:
        console.print(Text(f"  {line}"), soft_wrap=True)
