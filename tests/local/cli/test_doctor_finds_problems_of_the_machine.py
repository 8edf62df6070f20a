"""Problems planted on this machine, each of which `doctor` names with what to do."""

import json
import os
import socket
import stat
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from bedrock_customization_local.cli.health import machine

PATHS = os.pathsep.join(["/usr/bin", "/bin"])


@pytest.fixture
def plant(tmp_path):
    """Put a program on a PATH of its own that prints a line; returns the environment."""

    def planted(name, prints, folder="bin"):
        place = tmp_path / folder
        place.mkdir(parents=True, exist_ok=True)
        program = place / name
        program.write_text(f"#!/bin/sh\necho '{prints}'\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return {"PATH": str(place)}

    return planted


def found(finding, level, *words):
    assert finding.level == level, finding
    assert all(word in f"{finding.message} {finding.advice}" for word in words), finding
    assert bool(finding.advice) == (level != "ok")


def test_an_app_whose_python_is_not_there(tmp_path):
    finding = machine.python("python3 app.py", {"PATH": str(tmp_path)})
    found(finding, "error", "python3, which is not on the PATH", "activate")


def test_an_app_whose_python_is_too_old(plant):
    finding = machine.python("python3 app.py", plant("python3", "3.10.1"))
    found(finding, "error", "Python 3.10.1", "3.11 or newer")


def test_an_app_whose_python_has_no_library(plant):
    finding = machine.python("python app.py", plant("python", "3.12.1 bedrock_customization"))
    found(finding, "error", "has no bedrock_customization", "pip install")


def test_an_app_whose_python_does_not_run(plant):
    found(machine.python("python app.py", plant("python", "oops")), "error", "does not run")


def test_this_python_is_fine():
    environment = {**os.environ, "PATH": str(Path(sys.executable).parent)}
    found(machine.python("python app.py", environment), "ok", sys.executable)


def test_an_app_that_something_else_starts_is_left_to_it():
    found(machine.python("uv run app.py", {"PATH": ""}), "ok", "uv")


@pytest.mark.parametrize(
    ("version", "level", "word"),
    [
        ("v16.20.0", "error", "does not run"),
        ("v20.20.2", "warning", "past its end of life"),
        ("v24.1.0", "ok", "24.1.0"),
    ],
)
def test_a_node_that_is_too_old(plant, version, level, word):
    found(machine.node(plant("node", version)), level, word)


def test_a_machine_without_node(tmp_path):
    found(machine.node({"PATH": str(tmp_path)}), "error", "no node on the PATH", "install Node 24")


@pytest.mark.parametrize(
    ("version", "level", "word"),
    [
        ("3.0.0 (build 3ed2ac8)", "error", "published by accident"),
        ("2.1000.3 (build abc)", "error", "cannot read what aws-cdk-lib"),
        ("2.1148.1 (build abc)", "ok", "2.1148.1"),
        ("what?", "error", "does not run"),
    ],
)
def test_a_cdk_cli_that_cannot_deploy(plant, tmp_path, version, level, word):
    finding = machine.cdk_cli(tmp_path, plant("cdk", version), library="2.275.0")
    found(finding, level, word)


def test_the_cdk_cli_of_the_apps_folder_comes_before_the_one_on_the_path(plant, tmp_path):
    plant("cdk", "3.0.0", folder="node_modules/.bin")
    found(machine.cdk_cli(tmp_path, plant("cdk", "2.1148.1"), library=None), "error", "accident")


def test_an_older_cdk_cli_reads_what_an_older_library_writes(plant, tmp_path):
    old = plant("cdk", "2.1100.0")
    found(machine.cdk_cli(tmp_path, old, library="2.262.1"), "ok")
    found(machine.cdk_cli(tmp_path, old, library=None), "ok")


def test_a_machine_without_a_cdk_cli(tmp_path):
    found(machine.cdk_cli(tmp_path, {"PATH": ""}, library=None), "warning", "aws-cdk@2.1148.1")


def test_an_installation_without_its_extra(tmp_path):
    folder = tmp_path / "cdk_bedrock_customization-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: cdk-bedrock-customization\nVersion: 1\n"
        "Requires-Dist: cdk-bedrock-customization[runtime]; extra == 'local'\n"
        "Requires-Dist: nobody-has-this>=1; extra == 'local'\n"
        "Requires-Dist: nor-this>=1; (sys_platform == 'amiga') and extra == 'local'\n"
        "Requires-Dist: msgspec>=0.19; extra == 'runtime'\n"
        "Requires-Dist: neither-this; extra == 'checks'\n"
    )
    finding = machine.extras(PathDistribution(folder))
    found(finding, "error", "not installed: nobody-has-this", "[local]")
    assert "nor-this" not in finding.message
    assert "neither" not in finding.message


def test_a_full_disk_and_little_memory():
    found(machine.disk(10**9, "here"), "warning", "0.9 GiB", "TMPDIR")
    found(machine.disk(10**11, "here"), "ok")
    found(machine.memory(10**8), "warning", "0.1 GiB")
    found(machine.memory(10**10), "ok")


def test_a_proxy_that_nobody_answers_at():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    finding = machine.proxy({"HTTPS_PROXY": f"http://127.0.0.1:{port}"})
    found(finding, "error", f"127.0.0.1:{port}, where nothing answers", "HTTPS_PROXY")


def test_a_proxy_that_is_asked_for_this_machine_itself():
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = {"http_proxy": f"127.0.0.1:{server.getsockname()[1]}"}
        found(machine.proxy(proxy), "warning", "NO_PROXY lacks 127.0.0.1 and localhost")
        found(machine.proxy({**proxy, "NO_PROXY": "localhost,127.0.0.1"}), "ok")
    found(machine.proxy({}), "ok")


@pytest.mark.parametrize(
    ("settings", "word"),
    [("{", "is not JSON"), ("[]", "names no app"), ('{"app": " "}', "names no app")],
)
def test_a_cdk_json_that_starts_nothing(tmp_path, settings, word):
    (tmp_path / "cdk.json").write_text(settings)
    [finding] = machine.app(tmp_path)
    found(finding, "error", word)


def test_a_folder_without_an_app(tmp_path):
    [finding] = machine.app(tmp_path)
    found(finding, "warning", "no cdk.json", "init")


def test_a_folder_that_hides_the_cdks_own_package(tmp_path):
    (tmp_path / "cdk.json").write_text('{"app": "python app.py"}')
    (tmp_path / "constructs").mkdir()
    (tmp_path / "constructs" / "__init__.py").touch()
    shadow, app = machine.app(tmp_path)
    found(shadow, "error", "hides the package `constructs`", "rename")
    found(app, "ok", "python app.py")


def test_offline_the_command_asks_no_aws_and_its_exit_code_says_whether_a_run_is_stopped(
    run_in, folder, monkeypatch, plant
):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PATH", plant("node", "v24.0.0")["PATH"] + os.pathsep + PATHS)
    (folder / "cdk.json").write_text('{"app": "uv run app.py"}')
    code, output, _ = run_in("doctor", "--offline", "--format", "json")
    told = {one["check"]: one["level"] for one in json.loads(output)["findings"]}
    assert code == 0, output
    assert told["node"] == told["app"] == "ok"
    assert "credentials" not in told
    plant("cdk", "3.0.0")
    code, output, _ = run_in("doctor", "--offline")
    assert code == 1
    assert "✗ 1 thing stops a run" in output
    assert "→ npm install" in output
