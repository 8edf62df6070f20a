"""Commands as a person types them, and data for them."""

import json
import runpy
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bedrock_customization_local.cli import app

_EXAMPLES = runpy.run_path(str(Path(__file__).parents[3] / "docs" / "examples.py"))
COMMAND = [sys.executable, "-m", "bedrock_customization_local.cli"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_in(folder, monkeypatch):
    """Run a command in the folder, without a terminal; returns exit code, output and errors."""
    assert folder.exists()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def run_command(*arguments, stdin=None, width=1000):
        monkeypatch.setenv("COLUMNS", str(width))
        result = CliRunner().invoke(app, [*map(str, arguments)], input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run_command


@pytest.fixture
def run_on_terminal(folder):
    """Run one of our commands on a terminal."""

    def run_command(*arguments):
        return _EXAMPLES["on_terminal"]([*COMMAND, *map(str, arguments)], folder)

    return run_command


def converse(question, answer, system="Answer."):
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": system}],
        "messages": [
            {"role": "user", "content": [{"text": question}]},
            {"role": "assistant", "content": [{"text": answer}]},
        ],
    }


@pytest.fixture
def records():
    """Make so many different sound lines of Converse."""

    words = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath")

    def make(count, *, start=0):
        names = [
            "".join(words[(number // 8**place) % 8] for place in range(4))
            for number in range(start, start + count)
        ]
        return [json.dumps(converse(f"ask {name}", f"say {name}")) for name in names]

    return make


@pytest.fixture
def defects(folder, records):
    """A file with six planted defects, on lines 2, 3, 5, 7 (a blank one), 9 and 11."""
    lines = records(12)
    lines[1] = json.dumps(converse("mail joe@example.com", "  "))
    lines[2] = lines[2][:80]
    wrong = converse("q", "a")
    wrong["messages"][0]["role"] = "system"
    wrong["messages"][1]["content"][0]["text"] = 5
    lines[4] = json.dumps(wrong)
    lines[6] = ""
    lines[8] = '{"a": 1, "a": 2}'
    lines[10] = json.dumps(converse("日本語 \x1b[31m", "User: hi"), ensure_ascii=False)
    path = folder / "defects.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def sound(folder, records):
    """A file without fault."""
    path = folder / "sound.jsonl"
    path.write_text("".join(f"{line}\n" for line in records(60)))
    return path
