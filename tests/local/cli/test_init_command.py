"""Apps that `init` writes: each synthesizes, passes its own test, and breaks no rule."""

import json
import os
import pty
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from bedrock_customization_local.cli import app
from bedrock_customization_local.cli.data.options import catalog
from bedrock_customization_local.cli.scaffolding.use_cases import DESCRIPTIONS, UseCase

FILES = {
    *(".gitignore", "README.md", "app.py", "cdk.json", "package.json", "pytest.ini"),
    *("requirements-dev.txt", "requirements.txt", "tests/test_tuning.py", "tuning.py"),
}
# One process for all: it takes longer to load aws-cdk-lib than to run an app.
SYNTHESIZE = """
import json, os, runpy, sys
from pathlib import Path

import aws_cdk

made_by_cdk = aws_cdk.App
for folder in [Path(name).resolve() for name in sys.argv[1:]]:
    os.chdir(folder)
    sys.path[:] = [str(folder), *sys.path[1:]]
    sys.modules.pop("tuning", None)
    context = json.loads(Path("cdk.json").read_text())["context"]
    # As the CDK's command line tells an app, in the environment, which node reads but once.
    context["aws:cdk:bundling-stacks"] = []
    told = {"context": context, "outdir": str(folder / "cdk.out")}
    aws_cdk.App = lambda: made_by_cdk(**told)
    runpy.run_path("app.py", run_name="__main__")
    aws_cdk.App = made_by_cdk
    for name, test in runpy.run_path("tests/test_tuning.py").items():
        if name.startswith("test_"):
            test()
            print(folder.name, name)
"""


@pytest.fixture(scope="module")
def apps(tmp_path_factory):
    """A folder with an app for each use case, synthesized and tested; and what the tests told."""
    root = tmp_path_factory.mktemp("apps")
    for one in UseCase:
        done = CliRunner().invoke(app, ["init", str(root / one), "--use-case", one])
        assert done.exit_code == 0, done.output
    told = subprocess.run(
        [sys.executable, "-c", SYNTHESIZE, *UseCase],
        cwd=root,
        env=os.environ,
        check=False,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return root, told.stdout.splitlines()


@pytest.mark.slow
def test_every_app_synthesizes_and_passes_its_own_test(apps):
    _, told = apps
    assert len(told) == 2 * len(UseCase)
    assert {line.split()[0] for line in told} == set(UseCase)


@pytest.mark.slow
@pytest.mark.parametrize("use_case", UseCase)
def test_an_app_breaks_no_rule(apps, run_in, use_case):
    root, _ = apps
    code, output, _ = run_in("check", root / use_case / "cdk.out", "--strict")
    assert code == 0, output


@pytest.mark.slow
@pytest.mark.parametrize("use_case", UseCase)
def test_all_files_are_there_and_no_word_is_left_to_fill_in(apps, use_case):
    root, _ = apps
    folder = root / use_case
    for name in FILES:
        assert "$" not in (folder / name).read_text().replace("$DataBucketName", "")
    settings = json.loads((folder / "cdk.json").read_text())
    assert settings["context"]["bedrock_customization:baseModel"] == (
        DESCRIPTIONS[use_case].base_model
    )
    assert json.loads((folder / "package.json").read_text())["devDependencies"]["aws-cdk"] == (
        "2.1148.1"
    )


def test_base_models_of_use_cases_can_be_customized():
    for described in DESCRIPTIONS.values():
        assert catalog.base_model(described.base_model).lifecycle.status == "ACTIVE"


def test_nothing_is_overwritten(run_in, folder):
    (folder / "cdk.json").write_text("mine")
    code, _, errors = run_in("init", "--use-case", "classification")
    assert code == 2
    assert "holds cdk.json already, and nothing is overwritten" in errors
    assert [path.name for path in folder.iterdir()] == ["cdk.json"]


def test_the_stack_has_the_folders_name_and_the_region_the_base_models(run_in, folder):
    llama = "meta.llama3-3-70b-instruct-v1:0:128k"
    code, output, _ = run_in(
        *("init", "support-tickets", "--use-case", "classification"),
        *("--base-model", llama, "--format", "json"),
    )
    assert code == 0
    assert {path.removeprefix("support-tickets/") for path in json.loads(output)["files"]} == FILES
    app = (folder / "support-tickets" / "app.py").read_text()
    assert 'TuningStack(app, "SupportTickets", env=Environment(region="us-west-2"))' in app
    assert llama in (folder / "support-tickets" / "cdk.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--use-case is missing"),
        (["--use-case", "import", "--stack", "a b"], "is no name of a stack"),
        (["--use-case", "import", "--base-model", "nova"], "--base-model:"),
        (["--use-case", "poetry"], "poetry"),
    ],
)
def test_what_makes_no_sense_writes_nothing(run_in, folder, arguments, told):
    code, _, errors = run_in("init", *arguments)
    assert code == 2
    assert told in errors
    assert not any(folder.iterdir())


def test_a_person_is_asked_on_a_terminal(folder):
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "bedrock_customization_local.cli", "init"]
    with subprocess.Popen(
        command, cwd=folder, stdin=end, stdout=subprocess.PIPE, text=True
    ) as process:
        os.close(end)
        os.write(terminal, b"5\n")
        told = process.stdout.read()
    os.close(terminal)
    assert process.returncode == 0, told
    assert "5  import: Import a model of the Hugging Face Hub" in told
    assert "HuggingFaceModel" in (folder / "tuning.py").read_text()
