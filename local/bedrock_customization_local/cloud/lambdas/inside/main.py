"""What a sandbox's process runs: set the stage, then hand over to the runtime client.

Runs as a script, outside the package and without `site`, in a fresh environment; so it imports
the standard library alone. Arguments: the handler, then a JSON document with

- `code`: the folders of the function's code and layers, searched first
- `libraries`: the host environment's site-packages, searched last
- `own`: packages that must come from `code`, though `libraries` may hold them too
- `address_space`: the most bytes of virtual memory
- `root`: the folder that the parent would have removed
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from threading import Event, Thread
from types import ModuleType

_GRACE_SECONDS = 0.05


def main(handler: str, settings: str) -> None:
    """Run the handler until the Runtime API turns the process away."""
    given = json.loads(settings)
    lifeline = _Lifeline(given["root"])
    lifeline.start()
    _limit(given["address_space"])
    try:
        _serve(handler, given["code"], given["libraries"], given["own"])
    finally:
        lifeline.hold_if_cut()


def _serve(handler: str, code: list[str], libraries: list[str], own: list[str]) -> None:
    sys.path[:] = [*code, *(path for path in sys.path if path), *libraries]
    sys.meta_path.insert(0, _OwnCode(own, code))
    try:
        client = importlib.import_module("awslambdaric.__main__")
    except ModuleNotFoundError as error:
        if error.name != "awslambdaric":
            raise
        # Only Linux has wheels of AWS's own client.
        sys.path.append(os.path.dirname(__file__))  # noqa: PTH120 - pathlib would slow the start
        client = importlib.import_module("portable_runtime")
    client.main(["awslambdaric", handler])


class _OwnCode:
    """Finds the project's packages in the function's asset or not at all.

    The host environment holds them too, and would hide a module that the asset lacks.
    """

    def __init__(self, packages: list[str], folders: list[str]) -> None:
        self._packages = frozenset(packages)
        self._folders = folders

    def find_spec(
        self,
        name: str,
        _path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if name not in self._packages:
            return None
        spec = PathFinder.find_spec(name, self._folders, target)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return spec


class _Lifeline(Thread):
    """Ends the process as soon as standard input closes, which only the parent holds.

    A parent that is killed cannot clean up; the closed pipe reaches us all the same.
    """

    def __init__(self, root: str) -> None:
        super().__init__(name="lifeline", daemon=True)
        self._root = root
        self._cut = Event()
        self._pipe = os.dup(0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)

    def run(self) -> None:
        os.read(self._pipe, 1)
        self._cut.set()
        import shutil  # noqa: PLC0415 - would slow every start

        shutil.rmtree(self._root, ignore_errors=True)
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    def hold_if_cut(self) -> None:
        """Let the thread finish: the client ends by itself when the parent's API is gone."""
        if self._cut.wait(_GRACE_SECONDS):
            self.join()


def _limit(address_space: int) -> None:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ModuleNotFoundError:
        return
    if sys.platform == "linux":  # macOS refuses the limit
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))


if __name__ == "__main__":
    main(*sys.argv[1:])
