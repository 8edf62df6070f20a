"""The CDK app as a subprocess: found, run, understood when it fails, and never left behind."""

import json
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from bedrock_customization_local.cli.demonstration.synth import Synthesis, exception_text, find_app
from bedrock_customization_local.cli.messages import CommandError, ExitCode

WRITES_AN_ASSEMBLY = """
    import json, os, pathlib
    folder = pathlib.Path(os.environ["CDK_OUTDIR"])
    folder.mkdir()
    (folder / "manifest.json").write_text(os.environ["CDK_CONTEXT_JSON"])
"""

JSII_FAILURE = """\
Traceback (most recent call last):
  ...
JavaScriptError: inner

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  ...
RuntimeError: outer
and more
"""


def app_of(folder, program, **settings):
    (folder / "app.py").write_text(textwrap.dedent(program))
    (folder / "cdk.json").write_text(json.dumps({"app": "python app.py", **settings}))
    return find_app(folder)


def synthesize(app, folder, context=None, *, traceback=False):
    with Synthesis(
        app, context or {}, assembly=folder / "cdk.out", region="eu-west-1"
    ) as synthesis:
        return synthesis.result(traceback=traceback)


def test_without_a_cdk_json_the_ready_made_app_is_run(tmp_path):
    assert find_app(tmp_path).command[-2:] == ("-m", "bedrock_customization")


def test_the_app_is_what_its_cdk_json_says(tmp_path):
    app = app_of(tmp_path, "", context={"mine": 1})
    assert app.command[-1] == "python app.py"
    assert app.folder == tmp_path
    assert app.context == {"mine": 1}


@pytest.mark.parametrize(
    ("text", "told"), [("{", "is not JSON"), ("{}", "names no app"), ('{"app": 3}', "names no app")]
)
def test_a_cdk_json_that_cannot_be_used_is_a_usage_error(tmp_path, text, told):
    (tmp_path / "cdk.json").write_text(text)
    with pytest.raises(CommandError, match=told) as refused:
        find_app(tmp_path)
    assert refused.value.exit_code is ExitCode.USAGE


def test_the_app_sees_the_context_given_and_no_other(tmp_path):
    app = app_of(tmp_path, WRITES_AN_ASSEMBLY, context={"mine": 1, "ours": 1})
    assembly = synthesize(app, tmp_path, {"ours": 2})
    assert json.loads((assembly / "manifest.json").read_text()) == {"ours": 2}


def test_the_app_runs_in_this_environment_with_a_node_and_a_region(tmp_path):
    app = app_of(
        tmp_path,
        f"""
        import os, subprocess, sys
        assert sys.prefix == {sys.prefix!r}
        assert os.environ["CDK_DEFAULT_REGION"] == "eu-west-1"
        subprocess.run([os.environ["JSII_NODE"], "--version"], check=True)
        {WRITES_AN_ASSEMBLY.replace(chr(10), chr(10) + "    ")}
        """,
    )
    assert synthesize(app, tmp_path).is_dir()


def test_an_apps_exception_is_told_without_its_traceback(tmp_path):
    app = app_of(tmp_path, "raise ValueError('model m is retired:\\n  use n')")
    with pytest.raises(CommandError) as failed:
        synthesize(app, tmp_path)
    assert failed.value.message.endswith("does not synthesize: model m is retired:\n  use n")
    assert "Traceback" not in failed.value.message


def test_the_traceback_is_shown_when_asked_for(tmp_path):
    app = app_of(tmp_path, "raise ValueError('no')")
    with pytest.raises(CommandError, match="Traceback"):
        synthesize(app, tmp_path, traceback=True)


def test_an_app_that_forgets_to_synthesize_is_told_so(tmp_path):
    with pytest.raises(CommandError, match=r"must call app\.synth\(\)"):
        synthesize(app_of(tmp_path, ""), tmp_path)


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("", ""),
        ("sh: 1: python: not found\n", "sh: 1: python: not found"),
        (
            "Traceback (most recent call last):\n  File 'a', line 1\n    x()\nKeyError: 'x'\n",
            "'x'",
        ),
        (
            "Traceback (most recent call last):\n  File 'a', line 1\nAssertionError\n",
            "AssertionError",
        ),
        (JSII_FAILURE, "outer\nand more"),
    ],
)
def test_the_text_of_an_exception_is_found_in_what_a_program_printed(printed, text):
    assert exception_text(printed) == text


# Says who it is, then waits for ever.
WAITS = """
    import os
    print(os.getpid(), flush=True)
    os.read(os.pipe()[0], 1)
"""


def pid_in(log, parent):
    while not (log.exists() and log.read_text().strip()):
        # A parent that has ended stays a zombie until it is collected.
        assert parent.status() != psutil.STATUS_ZOMBIE
        time.sleep(0.01)
    return int(log.read_text())


def is_gone(pid):
    """Tell whether a process ends within half a minute: a signal takes a moment to arrive."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            # An orphan's entry stays where nothing collects it.
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_leaving_early_ends_the_app_and_what_it_started(tmp_path):
    app = app_of(tmp_path, WAITS)
    with Synthesis(app, {}, assembly=tmp_path / "cdk.out", region="us-east-1"):
        pid = pid_in(tmp_path / "cdk.log", psutil.Process())
    assert is_gone(pid)


def test_a_killed_command_takes_the_app_with_it(tmp_path):
    app_of(tmp_path, WAITS)
    command = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from bedrock_customization_local.cli.demonstration.synth import Synthesis, find_app
        folder = Path(sys.argv[1])
        Synthesis(find_app(folder), {}, assembly=folder / "cdk.out", region="x").result()
        """
    )
    with subprocess.Popen([sys.executable, "-c", command, str(tmp_path)]) as parent:
        pid = pid_in(tmp_path / "cdk.log", psutil.Process(parent.pid))
        parent.kill()
    assert is_gone(pid)
