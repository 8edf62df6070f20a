"""A process that has imported what functions import, and becomes a sandbox's by forking.

Runs as a script, like `main`, of which each fork runs a call. Arguments: the number of a socket,
then a JSON document with `libraries`, the folders that modules are in, and `preload`, their names.
A request on the socket is a JSON document with the members

- `arguments`: of `main`
- `environment`: all of the process's variables
- `folder`: its working directory

and three descriptors: its standard input, its log, and a pipe that is told how it ended, as a
number. The answer is its process id. Ends when the socket closes.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import NamedTuple

_REQUEST_BYTES = 1024 * 1024
_STANDARD_STREAMS = 3


class _Request(NamedTuple):
    """What a fork becomes."""

    body: bytes
    descriptors: list[int]


def main(descriptor: str, modules: str) -> None:
    """Fork until the socket closes; in a fork, run a sandbox."""
    own_path = [path for path in sys.path if path]
    given = json.loads(modules)
    sys.path[:] = [*own_path, *given["libraries"]]
    for name in given["preload"]:
        importlib.import_module(name)
    _read_aws_models()
    sys.path[:] = own_path
    # Collections would write to every page that forks share.
    gc.collect()
    gc.freeze()
    request = _fork_on_request(socket.socket(fileno=int(descriptor)))
    if request:
        _run(*request)


def _read_aws_models() -> None:
    """Read the descriptions of AWS that any client needs, once for the sessions of all forks.

    A new session reads them anew, which takes longer than the rest of making its first client.
    """
    session = importlib.import_module("botocore.session")
    create = session.create_loader
    loader = create()
    vars(session)["create_loader"] = lambda paths=None: create(paths) if paths else loader
    session.Session().create_client(
        "s3", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )


def _fork_on_request(requests: socket.socket) -> _Request | None:
    """Return the request in each fork, None in this process after the last."""
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pipes: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([requests.fileno(), ended], [], [])
        if ended in ready:
            os.read(ended, select.PIPE_BUF)
            _tell_of_the_ended(pipes)
        if requests.fileno() in ready:
            body, descriptors, _, _ = socket.recv_fds(requests, _REQUEST_BYTES, _STANDARD_STREAMS)
            if not body:
                return None
            process = os.fork()
            if not process:
                return _Request(body, descriptors)
            standard_input, log, pipes[process] = descriptors
            os.close(standard_input)
            os.close(log)
            requests.send(str(process).encode())


def _tell_of_the_ended(pipes: dict[int, int]) -> None:
    while pipes:
        process, status = os.waitpid(-1, os.WNOHANG)
        if not process:
            return
        pipe = pipes.pop(process)
        os.write(pipe, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(pipe)


def _run(body: bytes, descriptors: list[int]) -> None:
    """Leave nothing of the process that was forked but its modules, and run the sandbox."""
    given = json.loads(body)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    standard_input, log, _ = descriptors
    for number, descriptor in enumerate((standard_input, log, log)):
        os.dup2(descriptor, number)
    os.closerange(_STANDARD_STREAMS, os.sysconf("SC_OPEN_MAX"))
    os.chdir(given["folder"])
    os.environ.clear()
    os.environ.update(given["environment"])
    time.tzset()
    folder = os.path.dirname(__file__)  # noqa: PTH120 - pathlib would slow the start
    sys.path.append(folder)
    sandbox = importlib.import_module("main")
    sys.path.remove(folder)
    sandbox.main(*given["arguments"])


if __name__ == "__main__":
    main(*sys.argv[1:])
