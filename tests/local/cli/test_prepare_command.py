"""`prepare` as a person runs it; that it writes the function's bytes is tested beside that."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import typer

from bedrock_customization import DataSplit
from bedrock_customization.phases.evaluation import ModelEvaluation
from bedrock_customization.phases.preparation import DataPreparation
from bedrock_customization_local.cli import defaults
from bedrock_customization_local.cli.data.prepared_folder import FILES, PreparedFolder
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_runtime.datasets.spool import Spool

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
FOR_NOVA = ("--base-model", NOVA_MICRO, "--out", "out")
COMMAND = [sys.executable, "-m", "bedrock_customization_local.cli"]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_sound_file_becomes_three_sets_and_two_reports(run_in, sound, folder):
    code, output, errors = run_in("prepare", sound.name, *FOR_NOVA, width=80)

    assert (code, errors) == (0, "")
    shown = "".join(f"{line.rstrip()}\n" for line in output.splitlines())
    counts = {
        name: len((folder / "out" / f"{name}.jsonl").read_text().splitlines())
        for name in ("train", "validation", "test")
    }
    assert sum(counts.values()) == 60
    assert f"training      {counts['train']:>6}" in shown
    assert "Power: the blind set shows differences of accuracy from" in shown
    assert "Training: about" in shown
    assert shown.endswith(f"✓ ready for {NOVA_MICRO}: out\n")
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["prepared"]["train"] == counts["train"]
    assert sorted(path.name for path in folder.iterdir()) == ["out", "sound.jsonl"]


def test_the_same_again_is_the_same_bytes(run_in, sound, folder):
    run_in("prepare", sound.name, *FOR_NOVA)
    first = contents(folder / "out")
    assert run_in("prepare", sound.name, *FOR_NOVA, "--overwrite")[0] == 0
    assert contents(folder / "out") == first


def test_a_folder_is_prepared_as_one_data_set(run_in, folder, records):
    (folder / "data").mkdir()
    (folder / "data" / "a.jsonl").write_text("\n".join(records(30)))
    (folder / "data" / "b.jsonl").write_text("\n".join([*records(30, start=30), '{"prompt"']))
    code, output, _ = run_in("prepare", "data", *FOR_NOVA)

    assert code == 0
    assert "data/b.jsonl:31" in output
    (rejected,) = (folder / "out" / "rejected.jsonl").read_text().splitlines()
    assert json.loads(rejected)["file"] == "data/b.jsonl"
    together = contents(folder / "out")
    (folder / "one.jsonl").write_text("\n".join(records(60)))
    run_in("prepare", "one.jsonl", "--base-model", NOVA_MICRO, "--out", "one")
    for name in ("train.jsonl", "validation.jsonl", "test.jsonl"):
        assert contents(folder / "one")[name] == together[name]


def test_a_refused_data_set_leaves_reports_and_no_sets(run_in, defects, folder):
    code, output, _ = run_in("prepare", defects.name, *FOR_NOVA)

    assert code == 1
    assert "refused: 5 of 11 records (45.5%) break a rule" in output
    assert contents(folder / "out").keys() == {"rejected.jsonl", "report.json", "report.html"}
    page = (folder / "out" / "report.html").read_text()
    assert "json-duplicate-key" in page
    assert "joe@example.com" not in page


@pytest.mark.parametrize(
    ("held", "options", "told"),
    [
        (["train.jsonl"], [], "out is not empty: choose a new folder, or replace it"),
        (["thesis.tex"], ["--overwrite"], "out holds 'thesis.tex', which is not of this command"),
        ([], ["--validation", "1.5"], "split.validation must lie between 0 and 1"),
        ([], ["--validation", "0.5", "--test", "0.5"], "leaves nothing for training"),
        ([], ["--max-rejected", "2"], "max_rejected must be between 0 and 1"),
        ([], ["--group-by", "x"], "--group-by needs a template"),
        ([], ["--privacy", "x"], "'x' is not one of"),
    ],
)
def test_what_makes_no_sense_changes_nothing(run_in, sound, folder, held, options, told):
    (folder / "out").mkdir()
    for name in held:
        (folder / "out" / name).write_text("mine")
    code, _, errors = run_in("prepare", sound.name, *FOR_NOVA, *options)

    assert code == 2
    assert told in errors
    assert contents(folder / "out") == dict.fromkeys(held, b"mine")


def test_a_file_in_the_way_is_named(run_in, sound, folder):
    (folder / "out").write_text("mine")
    assert "out is no folder" in run_in("prepare", sound.name, *FOR_NOVA)[2]


def test_a_foreign_file_changes_nothing(run_in, folder):
    (folder / "a.jsonl").write_bytes(b"PK\x03\x04")
    code, _, errors = run_in("prepare", "a.jsonl", *FOR_NOVA)
    assert code == 1
    assert "the source is a zip archive" in errors
    assert [path.name for path in folder.iterdir()] == ["a.jsonl"]


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_in_the_middle_it_leaves_nothing(folder, number):
    with subprocess.Popen(
        [*COMMAND, "prepare", "-", *FOR_NOVA],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    ) as process:
        process.stdin.write(b'{"prompt": "a", "completion": "b"}\n' * 10_000)
        process.stdin.flush()
        time.sleep(1)
        process.send_signal(number)
        assert process.wait(timeout=20) == 128 + number
    assert list(folder.iterdir()) == []


def test_a_failure_while_writing_leaves_what_was_there(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "train.jsonl").write_text("old")

    def fail_in_the_middle():
        with PreparedFolder(out, overwrite=True).writing() as new:
            (new / "train.jsonl").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_in_the_middle()
    assert contents(out) == {"train.jsonl": b"old"}
    assert list(tmp_path.iterdir()) == [out]


def test_new_files_take_the_place_of_all_old_ones(tmp_path):
    out = tmp_path / "deep" / "out"
    with PreparedFolder(out, overwrite=False).writing() as new:
        (new / "train.jsonl").write_text("1")
    with PreparedFolder(out, overwrite=True).writing() as new:
        (new / "report.json").write_text("2")
    assert contents(out) == {"report.json": b"2"}
    assert out.stat().st_mode & 0o777 == 0o777 & ~umask()


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with (
        pytest.raises(CommandError, match="cannot be written: Permission denied"),
        PreparedFolder(tmp_path / "out", overwrite=False).writing(),
    ):
        pass


def test_the_report_is_opened_if_asked_for(run_in, sound, folder, monkeypatch):
    opened = []
    monkeypatch.setattr(typer, "launch", opened.append)
    run_in("prepare", sound.name, *FOR_NOVA)
    assert opened == []
    run_in("prepare", sound.name, *FOR_NOVA, "--overwrite", "--open")
    assert opened == [(folder / "out" / "report.html").as_uri()]


def test_a_full_disk_is_said_in_words(run_in, sound, folder, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Spool, "extend", fail)
    code, _, errors = run_in("prepare", sound.name, *FOR_NOVA)
    assert code == 1
    assert errors.startswith("error: no space left on the disk of")
    assert list(folder.iterdir()) == [sound]


def test_every_file_it_writes_may_be_overwritten(run_in, sound, folder):
    sound.write_text(sound.read_text() + '{"x"\n')
    run_in("prepare", sound.name, *FOR_NOVA)
    assert contents(folder / "out").keys() == FILES


def test_the_commands_take_the_constructs_defaults():
    split = DataSplit()
    assert (
        split.validation,
        split.test,
        split.seed,
    ) == (defaults.VALIDATION_SHARE, defaults.TEST_SHARE, defaults.SEED)
    assert DataPreparation.__init__.__kwdefaults__["max_rejected"] == defaults.MAXIMUM_REJECTED
    assert ModelEvaluation.__init__.__kwdefaults__["max_tokens"] == defaults.MAXIMUM_TOKENS
