"""Asks the process that runs a chat template, and waits for no longer than it may take."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec

from bedrock_customization_runtime.chat_templates.verdicts import (
    OUT_OF_MEMORY,
    Conversation,
    Verdict,
    VerdictKind,
)

_PROCESS = "bedrock_customization_runtime.chat_templates.process"
_SECONDS = 20
"""For the process as a whole, which may have to wait for a processor."""
_VARIABLES = ("LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE", "SYSTEMROOT")


def judge(conversation: Conversation) -> Verdict:
    """Return whether a template writes a conversation.

    Raises:
        RuntimeError: The process cannot run here.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            # Not from the current folder, which is the user's.
            [sys.executable, "-P", "-m", _PROCESS],
            input=msgspec.json.encode(conversation),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict(kind=VerdictKind.ENDLESS, detail=f"more than {_SECONDS} s")
    if done.returncode < 0 or done.returncode == OUT_OF_MEMORY:
        return Verdict(kind=VerdictKind.ENDLESS, detail="ended by its limits")
    if done.returncode:
        # Not the template's doing, and not to be taken for a verdict.
        raise RuntimeError(f"{_PROCESS} ended with {done.returncode}")
    return msgspec.json.decode(done.stdout, type=Verdict)


def _environment() -> dict[str, str]:
    """Return what the process needs: no credentials where a stranger's program runs."""
    kept = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
