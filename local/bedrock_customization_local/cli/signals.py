"""How a command ends when it is told to: at once, with all that it started."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_SIGNALLED = 128


class Interrupted(BaseException):
    """The command was told to end.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = _SIGNALLED + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM and a closed terminal into `Interrupted` while the block runs.

    The exception ends the block through its context managers. Told a second time, the process does
    not wait for them: it kills its children and goes.
    """

    def end(number: int, _: FrameType | None) -> None:
        for each in before:
            signal.signal(each, end_now)
        raise Interrupted(number)

    def end_now(number: int, _: FrameType | None) -> None:
        from bedrock_customization_local.cli.tether import kill_children  # noqa: PLC0415 - psutil

        kill_children()
        os._exit(_SIGNALLED + number)

    known = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    before = {each: signal.signal(each, end) for each in known}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
