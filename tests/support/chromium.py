"""A real Chromium, asked by its DevTools protocol over a pipe.

No driver package is needed for that, and none is among our dependencies. Without a Chromium on the
machine these tests are skipped; BROWSER_TESTS=required makes that an error.
"""

import base64
import fcntl
import itertools
import json
import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FROM_US, _TO_US = 3, 4
"""File descriptors that Chromium reads and writes."""


class Browser:
    """One Chromium with one tab."""

    def __init__(self, program, profile):
        read, self._write = os.pipe()
        self._read, write = os.pipe()
        # Clear of the numbers they are to get.
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (read, write)]
        self._process = os.posix_spawn(
            program,
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--remote-debugging-pipe",
                f"--user-data-dir={profile}",
            ],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, theirs[0], _FROM_US),
                (os.POSIX_SPAWN_DUP2, theirs[1], _TO_US),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
        for end in (read, write, *theirs):
            os.close(end)
        self._numbers = itertools.count(1)
        self._buffer = b""
        self._session = None
        self.events = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def open(self, address, *, width=1280, scheme="light", media="screen"):
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.ask(
            "Emulation.setEmulatedMedia",
            media=media,
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        self.events.clear()
        self.ask("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._next()

    def value(self, expression):
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"][
            "value"
        ]

    def screenshot(self):
        taken = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    def pdf(self):
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=False)["data"])

    def close(self):
        # Chromium ends when nobody can tell it anything any more.
        os.close(self._write)
        os.waitpid(self._process, 0)
        os.close(self._read)

    def _next(self):
        while b"\0" not in self._buffer:
            read = os.read(self._read, 1 << 20)
            assert read, "Chromium has ended"
            self._buffer += read
        message, self._buffer = self._buffer.split(b"\0", 1)
        decoded = json.loads(message)
        if "method" in decoded:
            self.events.append(decoded)
        return decoded


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        assert os.environ.get("BROWSER_TESTS") != "required", f"none of {', '.join(NAMES)} is here"
        pytest.skip("no Chromium on this machine")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()
