"""Weights come from strangers: nothing that could run what is in them is part of the functions."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "lambdas" / "bedrock_customization_runtime"
LAYER = ROOT / "constructs" / "bedrock_customization" / "_dependencies" / "requirements.txt"
# What loads weights, or runs what a file says.
LOADERS = {
    "torch",
    "transformers",
    "safetensors",
    "tokenizers",
    "huggingface_hub",
    "pickle",
    "_pickle",
    "dill",
    "joblib",
    "marshal",
    "shelve",
    "runpy",
}


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_no_module_of_the_functions_imports_what_loads_weights():
    for path in RUNTIME.rglob("*.py"):
        assert not LOADERS & {name.split(".")[0] for name in imports_of(path)}, path


def test_the_functions_layer_holds_nothing_that_loads_weights():
    names = set(re.findall(r"^([a-z0-9_.-]+)==", LAYER.read_text(), re.MULTILINE))
    assert "jinja2" in names
    assert not names & {name.replace("_", "-") for name in LOADERS}


def test_the_pre_flight_knows_no_network_and_compiles_no_template_itself():
    forbidden = {"boto3", "botocore", "urllib3", "http", "urllib", "socket", "ssl", "requests"}
    for path in (*(RUNTIME / "weights").rglob("*.py"), *(RUNTIME / "chat_templates").glob("*.py")):
        roots = {name.split(".")[0] for name in imports_of(path)}
        assert not roots & forbidden, path
        assert ("jinja2" in roots) == (path.name == "process.py"), path
    script = (
        "import sys\n"
        "import bedrock_customization_runtime.weights\n"
        "print(sorted({'jinja2', 'boto3', 'botocore', 'numpy'} & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
