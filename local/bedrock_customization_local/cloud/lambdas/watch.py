"""Enforces what the platform enforces while a sandbox works: time, memory, and that it lives."""

import time
from threading import Condition, Thread

from bedrock_customization_local.cloud.lambdas.runtime_api import Signal
from bedrock_customization_local.cloud.lambdas.sandbox import Sandbox

_TICK_SECONDS = 0.02
_TICKS_PER_TREE_SCAN = 10  # finding the children reads every process of the machine
_MB = 1024 * 1024


class Watch:
    """One thread that looks after every busy sandbox, and sleeps while there is none."""

    def __init__(self) -> None:
        self._busy: set[Sandbox] = set()
        self._changed = Condition()
        self._stopped = False
        self._thread = Thread(target=self._run, name="lambda-watch", daemon=True)
        self._thread.start()

    def add(self, sandbox: Sandbox) -> None:
        """Look after a sandbox that is about to work."""
        with self._changed:
            self._busy.add(sandbox)
            self._changed.notify()

    def remove(self, sandbox: Sandbox) -> None:
        """Let a sandbox be: its work is done."""
        with self._changed:
            self._busy.discard(sandbox)

    def close(self) -> None:
        """Stop the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        tick = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._busy or self._stopped)
                if self._stopped:
                    return
                busy = list(self._busy)
            tick += 1
            for sandbox in busy:
                self._look_after(sandbox, scan_tree=tick % _TICKS_PER_TREE_SCAN == 0)
            time.sleep(_TICK_SECONDS)

    def _look_after(self, sandbox: Sandbox, *, scan_tree: bool) -> None:
        # Under the lock, so that a sandbox whose work is done is never killed after `remove`.
        with self._changed:
            if sandbox not in self._busy:
                return
            verdict = _verdict(sandbox, scan_tree=scan_tree)
            if verdict:
                self._busy.discard(sandbox)
                sandbox.end(verdict)


def _verdict(sandbox: Sandbox, *, scan_tree: bool) -> Signal | None:
    if not sandbox.alive:
        return Signal.EXITED
    if time.monotonic() > sandbox.deadline:
        return Signal.TIMED_OUT
    used = sandbox.rss() if scan_tree else sandbox.own_rss()
    if used > sandbox.function.memory_size * _MB:
        return Signal.OUT_OF_MEMORY
    return None
