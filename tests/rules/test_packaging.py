"""What a user gets from the wheel."""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from bedrock_customization import _code

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "constructs" / "bedrock_customization" / "_dependencies" / "requirements.txt"
EXPORT = [
    *("uv", "export", "--quiet", "--frozen", "--extra", "runtime", "--no-default-groups"),
    *("--no-emit-project", "--no-annotate", "--no-header"),
    *("--prune", "aws-cdk-lib", "--prune", "constructs", "--prune", "uv"),
]
CONSUMER = """
from aws_cdk import App, Stack
from bedrock_customization import BaseModel, CustomizationPipeline, RecordTemplate

app = App(context={"aws:cdk:bundling-stacks": []})
stack = Stack(app, "Consumer")
CustomizationPipeline(
    stack,
    "Tuning",
    base_model=BaseModel.NOVA_MICRO,
    template=RecordTemplate(prompt="{question}", completion="{answer}"),
)
app.synth()
"""


def test_the_layers_lock_is_the_projects_lock():
    exported = subprocess.run(EXPORT, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    # To renew it: the command above, into the file.
    assert LOCK.read_text() == exported


def test_the_layers_lock_names_every_hash():
    entries = re.split(r"\n(?! )", LOCK.read_text().strip())
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_functions_libraries_are_what_the_lock_installs_here():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.match(r"[\w-]+", line)[0] for line in project["optional-dependencies"]["runtime"]}
    locked = {line.split("==")[0] for line in LOCK.read_text().splitlines() if "==" in line}
    assert names <= locked


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", out], check=True, cwd=ROOT)
    (built,) = out.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_the_three_packages_their_data_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for home in ("constructs", "lambdas", "local"):
        for path in (ROOT / home).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                assert str(path.relative_to(ROOT / home)) in names
    packages = {name.split("/")[0] for name in names}
    assert {name for name in packages if not name.endswith(".dist-info")} == {
        "bedrock_customization",
        "bedrock_customization_local",
        "bedrock_customization_runtime",
    }
    assert [name for name in names if name.endswith("licenses/LICENSE")]


@pytest.mark.slow
def test_an_app_with_folders_of_our_names_synthesizes_with_the_wheel(wheel, tmp_path):
    environment = tmp_path / "environment"
    python = environment / "bin" / "python"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, environment], check=True)
    install = ["uv", "pip", "install", "--quiet", "--python", python]
    subprocess.run([*install, "--dry-run", wheel], check=True)
    subprocess.run([*install, "--no-deps", wheel], check=True)
    # What it depends on is the same, compiled already, where these tests run; our sources are not
    # found there, because only the interpreter's own folder is searched for links to them.
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    app = tmp_path / "app"
    for folder in ("constructs", "lambdas"):
        (app / folder).mkdir(parents=True)
        (app / folder / "theirs.py").write_text("raise AssertionError('not yours')\n")
    (app / "app.py").write_text(CONSUMER)
    subprocess.run(
        [python, "app.py"],
        check=True,
        cwd=app,
        env={**os.environ, "CDK_OUTDIR": str(app / "out")},
    )
    assert (app / "out" / "Consumer.template.json").exists()
    where = [python, "-c", "import bedrock_customization as found; print(found.__file__)"]
    found = subprocess.run(where, check=True, capture_output=True, text=True, cwd=app)
    assert found.stdout.startswith(str(environment))


@pytest.mark.slow
def test_the_layer_holds_the_locked_libraries_for_lambda_and_fits(tmp_path, monkeypatch):
    # As in continuous integration that compiles what it installs.
    monkeypatch.setenv("UV_COMPILE_BYTECODE", "1")
    assert _code.UvBundling().try_bundle(str(tmp_path), image=None)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (tmp_path / "python" / "msgspec").is_dir()
    assert any("aarch64" in path.name for path in files)
    assert not [path for path in files if path.suffix == ".pyc"]
    assert sum(path.stat().st_size for path in files) < 250 * 2**20
