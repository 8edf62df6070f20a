"""A function that stages models, as a process of its own, which may be killed at any time.

It reads calls from its standard input, a line each: S3 URI of an import's scratch, step, number.
Steps are those of the import's handler. After its start and after each call it prints a line of JSON.
"""  # noqa: E501 - one sentence

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import TextIO

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.handlers import import_model
from bedrock_customization_runtime.model_import import uploads
from bedrock_customization_runtime.model_import.plan import ImportScratch

_REMAINING_MS = 900_000
_PEAK = re.compile(r"VmHWM:\s*(\d+) kB")


class Context:
    """What Lambda tells a function: it has just begun."""

    def get_remaining_time_in_millis(self) -> int:
        """Return as long as a function may run."""
        return _REMAINING_MS


def peak_megabytes(process: int | str = "self") -> float:
    """Return the peak of a process's memory in MiB, as Linux tells it.

    Not what `getrusage` says: that counts the memory of who started the process, too.
    """
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = _PEAK.search(status)
    if found is None:
        raise ProcessLookupError(f"process {process} has ended")
    return int(found[1]) / 1024


def call(scratch: str, step: str, number: int) -> None:
    """Do a step."""
    if step == "stage":
        import_model.handler({"step": "stage", "scratch": scratch, "number": number}, Context())
    elif step == "finish-file":
        import_model.handler(
            {"step": "finish-file", "scratch": scratch, "number": number}, Context()
        )
    elif step == "complete":
        # What a copy without a check of its digest would end with: to be measured, no step does.
        plan = ImportScratch(aws.s3(), scratch).read()
        staged = plan.files[number]
        uploads.complete(aws.s3(), plan.uri_of(staged), staged)
    else:
        raise ValueError(f"no step of staging: {step}")


def main() -> None:
    """Do calls until there are no more."""
    answers = sys.stdout
    # What a function writes to its standard output is its log.
    with redirect_stdout(sys.stderr):
        _say(answers)
        for line in sys.stdin:
            scratch, step, number = line.split()
            call(scratch, step, int(number))
            _say(answers)


def _say(answers: TextIO) -> None:
    told = {"peak": peak_megabytes(), "processor": time.process_time()}
    print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
