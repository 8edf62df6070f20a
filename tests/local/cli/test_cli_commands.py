"""The commands as a person types them: help, usage errors, exit codes."""

import json
import shlex
import signal
import subprocess
import sys
import textwrap
from importlib.metadata import version

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from bedrock_customization_local.cli import app
from bedrock_customization_local.cli.demonstration.request import BASE_MODEL, Request
from bedrock_customization_local.cli.demonstration.run import context_of
from bedrock_customization_local.cli.demonstration.synth import find_app
from bedrock_customization_local.cli.help_examples import EXAMPLES
from bedrock_customization_local.cli.messages import CommandError, RunFailure, run_error
from bedrock_customization_local.cli.signals import Interrupted, interruptible

PROMPT, COMPLETION, SYSTEM = (
    f"bedrock_customization:{key}" for key in ("prompt", "completion", "system")
)


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    # One line, however long: what is asserted is the words.
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("NO_COLOR", "1")

    def run_command(*arguments):
        result = CliRunner().invoke(app, [*map(str, arguments)])
        return result.exit_code, result.output

    return run_command


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("question,sql\nhow?,so\n")
    return path


def test_the_version_is_the_packages(run):
    assert run("--version") == (0, version("cdk-bedrock-customization") + "\n")


def test_every_command_shows_examples_that_it_would_take():
    group = get_command(app)
    commands = {name: one for name, one in group.commands.items() if name != "local"}
    commands["local up"] = group.commands["local"].commands["up"]
    assert commands.keys() == EXAMPLES.keys()
    for name, command in commands.items():
        assert EXAMPLES[name]
        for line in EXAMPLES[name]:
            program, *words = shlex.split(line)
            assert program == "bedrock-customization"
            assert words[: len(name.split())] == name.split()
            # Raises where an option is not known, or something is missing.
            command.make_context(name, words[len(name.split()) :]).close()
            assert line in command.epilog
        assert "Exit codes: 0" in command.help or name == "local up"


def test_the_help_of_no_command_imports_anything_heavy():
    program = textwrap.dedent(
        """
        import sys
        from typer.main import get_command
        from bedrock_customization_local.cli import app

        for command in ([], *([name] for name in get_command(app).commands)):
            try:
                app([*command, "--help"])
            except SystemExit:
                heavy = set(sys.modules) & {"boto3", "moto", "numpy", "matplotlib", "msgspec"}
                print(command, *sorted(heavy), file=sys.stderr)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    told = done.stderr.splitlines()
    assert {"['demo']", "['validate']", "['prepare']", "['local']"} < set(told)
    assert [line for line in told if not line.endswith("]")] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data", "missing.csv"], "there is no file missing.csv"),
        (["--data", "."], ". is a folder: name a .csv, .jsonl or .parquet file in it"),
        (["--data", "rows.csv"], "name the one with the answers, --target COLUMN"),
        (["--data", "rows.csv", "--target", "sq"], "no column 'sq': did you mean 'sql'?"),
        (["--target", "sql"], "--target does not apply: they choose columns of --data FILE"),
        (["--input", "question"], "--input does not apply"),
        (["--system", "x"], "--system does not apply"),
        (["--port", "70000"], "--port"),
        (["--output", "rows.csv"], "is no folder: choose another --output DIR"),
        (["--nonsense"], "No such option"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(run, rows, arguments, told):
    assert rows.exists()
    exit_code, output = run("demo", *arguments)
    assert exit_code == 2
    assert told in output
    assert "Traceback" not in output


def test_columns_of_a_file_are_listed_when_none_is_chosen(run, rows):
    assert "columns: question, sql" in run("demo", "--data", rows)[1]


def test_the_demos_own_data_bring_their_template(tmp_path):
    context = context_of(find_app(tmp_path), Request())
    assert context["bedrock_customization:baseModel"] == BASE_MODEL
    assert (context[PROMPT], context[COMPLETION]) == ("{text}", "{category}")
    assert context["aws:cdk:bundling-stacks"] == []


def app_with(folder, **context):
    (folder / "cdk.json").write_text(json.dumps({"app": "python app.py", "context": context}))
    return find_app(folder)


def test_the_base_model_of_the_app_stands_unless_another_is_asked_for(tmp_path):
    key = "bedrock_customization:baseModel"
    own = app_with(tmp_path, **{key: "mine"})
    assert context_of(own, Request())[key] == "mine"
    assert context_of(own, Request(base_model="other"))[key] == "other"


def test_an_apps_own_template_is_used_for_the_users_own_data(tmp_path, rows):
    own = app_with(tmp_path, **{PROMPT: "Q: {question}", COMPLETION: "{sql}"})
    assert context_of(own, Request(data=rows))[PROMPT] == "Q: {question}"
    assert context_of(own, Request(data=rows, target="sql"))[PROMPT] == "{question}"
    assert context_of(own, Request())[PROMPT] == "{text}"
    with pytest.raises(CommandError, match="--system does not apply"):
        context_of(own, Request(data=rows, system="x"))


def test_an_apps_template_may_stand_in_its_code(tmp_path, rows):
    context = context_of(app_with(tmp_path), Request(data=rows))
    assert PROMPT not in context
    assert context["aws:cdk:bundling-stacks"] == []


def test_finished_records_need_no_template(tmp_path):
    records = tmp_path / "records.jsonl"
    records.write_text('{"prompt": "a", "completion": "b"}\n')
    context = context_of(app_with(tmp_path, **{SYSTEM: "x"}), Request(data=records))
    assert not {PROMPT, COMPLETION, SYSTEM} & set(context)


def test_a_failed_run_is_told_in_one_message_with_what_to_do(tmp_path):
    failure = RunFailure(error="DatasetRejected", cause="too few records", state="Prepare data")
    error = run_error(failure, tmp_path / "report.html")
    assert str(error) == "DatasetRejected in “Prepare data”: too few records"
    assert error.advice == (
        "the report lists the broken rules: mend the data and start again",
        f"report: {(tmp_path / 'report.html').as_uri()}",
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_block_with_its_exit_code(name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as interrupted, interruptible():
        signal.raise_signal(number)
    assert interrupted.value.exit_code == 128 + number
    assert signal.getsignal(number) is before
