"""Temporary folders: one per command, none left for long."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bedrock_customization_local.cli.demonstration.workspace import workspace


@pytest.fixture
def temporary_home(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def pid_of_the_dead():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_all_temporary_files_land_in_the_workspace_and_go_with_it(temporary_home):
    with workspace() as folder:
        assert folder.parent == temporary_home
        assert Path(tempfile.mkdtemp()).parent == folder
        assert os.environ["TMPDIR"] == str(folder)
    assert not folder.exists()
    assert tempfile.gettempdir() == str(temporary_home)


def test_what_a_killed_command_left_is_swept(temporary_home):
    left = temporary_home / f"bedrock-customization-{pid_of_the_dead()}-abc"
    (left / "deep").mkdir(parents=True)
    (left / "deep" / "file").touch()
    with workspace():
        assert not left.exists()


def test_what_a_living_command_uses_is_left_alone(temporary_home):
    used = temporary_home / f"bedrock-customization-{os.getpid()}-abc"
    used.mkdir()
    foreign = temporary_home / "bedrock-customization-notes-abc"
    foreign.mkdir()
    with workspace():
        assert used.exists()
        assert foreign.exists()
