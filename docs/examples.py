"""Run the commands that pages show, and write what they print: `uv run python docs/examples.py`.

A page shows commands in blocks of `console`. What follows `$ cat FILE` is that file, if nothing
has written it yet; `bank.csv` is the demo's excerpt of BANKING77.
"""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "commands.md")
_BANK = ROOT / "local" / "bedrock_customization_local" / "demo_data" / "banking77_excerpt.csv"


def pages() -> dict[Path, str]:
    """Return the pages and what they should hold."""
    return {page: with_output(page.read_text()) for page in PAGES}


def with_output(page: str) -> str:
    """Return a page with what its commands print now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(_BANK, folder / "bank.csv")

        def block(found: re.Match[str]) -> str:
            examples = re.split(r"^\$ ", found[1], flags=re.MULTILINE)[1:]
            return "".join(
                ("```console\n", *(_example(example, folder) for example in examples), "```")
            )

        return re.sub(r"```console\n(.*?)```", block, page, flags=re.DOTALL)


def on_terminal(command: list[str], folder: Path) -> tuple[int, str]:
    """Run a command on a plain terminal of 80 columns.

    Args:
        command: Words.
        folder: Where.

    Returns:
        Exit code, and what is seen of its output; errors and progress are not.
    """
    terminal, end = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - a page's own words, or a test's
        command,
        stdin=end,
        stdout=end,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=os.environ | {"TERM": "dumb"},
    ) as process:
        os.close(end)
        seen = b""
        while piece := _read(terminal):
            seen += piece
        code = process.wait()
    os.close(terminal)
    return code, seen.decode().replace("\r\n", "\n")


def _example(example: str, folder: Path) -> str:
    line, _, printed = example.partition("\n")
    verb, _, file = line.partition(" ")
    if verb == "cat" and not (folder / file).exists():
        (folder / file).write_text(printed)
        return f"$ {example}"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    _, seen = on_terminal(["env", f"PATH={path}", "sh", "-c", line], folder)
    rows = [row.rstrip() for row in seen.strip("\n").splitlines()]
    return "".join(f"{row}\n" for row in (f"$ {line}", *rows))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal says that its other end is closed
        return b""


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
