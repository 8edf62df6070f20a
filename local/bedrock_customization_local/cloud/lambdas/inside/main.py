"""What a sandbox's process runs: set the stage, then hand over to the runtime client.

Runs as a script, outside the package and without `site`, in a fresh environment; so it imports
the standard library alone. Arguments: the handler, then a JSON document with

- `code`: the folders of the function's code and layers, searched first
- `libraries`: the host environment's site-packages, searched last
- `own`: packages that must come from `code`, though `libraries` may hold them too
- `address_space`: the most bytes of virtual memory
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from threading import Thread
from types import ModuleType


def main(handler: str, *, code: list[str], libraries: list[str], own: list[str]) -> None:
    """Run the handler until the Runtime API turns the process away."""
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
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._packages:
            return None
        spec = PathFinder.find_spec(name, self._folders, target)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return spec


def _end_with_parent() -> None:
    """Kill this process group as soon as standard input closes, which only the parent holds.

    A parent that is killed cannot clean up; the closed pipe reaches us all the same.
    """
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    Thread(target=_watch, args=(lifeline,), name="lifeline", daemon=True).start()


def _watch(lifeline: int) -> None:
    os.read(lifeline, 1)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _limit(address_space: int) -> None:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ModuleNotFoundError:
        return
    if sys.platform == "linux":  # macOS refuses the limit
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))


if __name__ == "__main__":
    settings = json.loads(sys.argv[2])
    _end_with_parent()
    _limit(settings["address_space"])
    main(
        sys.argv[1],
        code=settings["code"],
        libraries=settings["libraries"],
        own=settings["own"],
    )
