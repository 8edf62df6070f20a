"""Training in a process of its own: `python -P -m …tinylm.worker FOLDER`.

The folder holds `train.jsonl`, `validation.jsonl` (`[prompt, completion]` a line), `settings.json`
and perhaps `parent.npz`; the model is left there as `model.npz`. Progress goes to the output as
JSON lines. The parent keeps the input open and never writes to it: when the parent dies, however it
dies, the system closes the pipe and the worker ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.tinylm import model
from bedrock_customization_local.cloud.bedrock.tinylm.training import (
    Plan,
    Progress,
    Settings,
    Training,
)
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MODEL_FILE = "model.npz"
_TRAIN_FILE, _VALIDATION_FILE, _SETTINGS_FILE = "train.jsonl", "validation.jsonl", "settings.json"
_PARENT_FILE = "parent.npz"


class WorkerFailedError(RuntimeError):
    """The worker ended without leaving a model."""


class Worker:
    """A training that runs beside this process.

    Args:
        folder: Empty folder for the data and the model.
        train: Prompts with completions.
        validation: The same; empty for none.
        settings: What the job asks for.
        parent: Model to go on from; None to begin with an untrained one.
    """

    def __init__(
        self,
        folder: Path,
        train: Iterable[tuple[str, str]],
        validation: Iterable[tuple[str, str]],
        settings: Settings,
        parent: model.Model | None = None,
    ) -> None:
        self._folder = folder
        _write_pairs(folder / _TRAIN_FILE, train)
        _write_pairs(folder / _VALIDATION_FILE, validation)
        (folder / _SETTINGS_FILE).write_text(json.dumps(asdict(settings)))
        if parent is not None:
            model.save(parent, folder / _PARENT_FILE)
        # More threads than one make small matrices slower, and sums depend on their number.
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", __name__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    @property
    def process_id(self) -> int:
        """Number of the process."""
        return self._process.pid

    def progress(self) -> Iterator[Plan | Progress]:
        """Yield the plan, then each batch and validation, until the model is there.

        Raises:
            WorkerFailedError: The process failed or was stopped.
        """
        output, errors = self._process.stdout, self._process.stderr
        if output is None or errors is None:
            raise WorkerFailedError("the worker has no output")
        for number, line in enumerate(output):
            values = json.loads(line)
            yield Progress(**values) if number else Plan(**values)
        trouble = errors.read()
        if self._process.wait():
            raise WorkerFailedError(trouble.strip().rpartition("\n")[2] or "training was stopped")

    def model(self) -> model.Model:
        """Return the model; only after `progress` came to its end."""
        return model.load(self._folder / MODEL_FILE)

    def stop(self) -> None:
        """End the process at once, if it runs."""
        self._process.kill()

    def close(self) -> None:
        """End the process and free its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def main(folder: Path) -> None:
    """Train what a folder holds, and leave the model there."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    settings = Settings(**json.loads((folder / _SETTINGS_FILE).read_text()))
    training = Training(
        list(_read_pairs(folder / _TRAIN_FILE)),
        list(_read_pairs(folder / _VALIDATION_FILE)),
        settings,
        model.load(folder / _PARENT_FILE) if (folder / _PARENT_FILE).exists() else None,
    )
    _say(training.plan)
    for progress in training:
        _say(progress)
    model.save(training.model, folder / MODEL_FILE)


def _end_with_parent() -> None:
    os.read(0, 1)  # not sys.stdin, whose lock would outlast the interpreter
    os._exit(1)


def _say(value: Plan | Progress) -> None:
    sys.stdout.write(json.dumps(asdict(value)) + "\n")
    sys.stdout.flush()


def _write_pairs(path: Path, pairs: Iterable[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(pair) + "\n" for pair in pairs)


def _read_pairs(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            prompt, completion = json.loads(line)
            yield Record(split_words(prompt), split_words(completion))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
