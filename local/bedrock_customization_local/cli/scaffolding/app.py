"""Write an app's files: all of them, or none where one is there already."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from bedrock_customization_local.cli.health.machine import CDK_CLI, PACKAGE
from bedrock_customization_local.cli.messages import CommandError, usage_error
from bedrock_customization_local.cli.scaffolding.use_cases import DESCRIPTIONS, UseCase
from bedrock_customization_runtime import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TEMPLATES = Path(__file__).with_name("templates")
_SHARED, _SUFFIX = "shared", ".template"
_STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewApp:
    """What to write.

    Args:
        use_case: What the model is for.
        stack: Name of its stack.
        base_model: Id for customization; None for the use case's own.
    """

    use_case: UseCase
    stack: str
    base_model: str | None = None


def write(app: NewApp, folder: Path) -> list[Path]:
    """Write an app into a folder, which is made if it is not there.

    Returns:
        The files, in the order of their names.

    Raises:
        CommandError: A name does not fit, a file is there already, or nothing can be written.
    """
    files = {folder / name: body for name, body in _files(app)}
    there = sorted(path.name for path in files if path.exists())
    if there:
        raise usage_error(
            f"{folder} holds {', '.join(there)} already, and nothing is overwritten",
            "name another folder, or an empty one",
        )
    try:
        for path, body in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # The same bytes on every system.
            path.write_text(body, encoding="utf-8", newline="\n")
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise CommandError(
            f"{folder} cannot be written: {error.strerror}", advice=("name another folder",)
        ) from error
    return sorted(files)


def stack_name(folder: Path) -> str:
    """Return a stack's name for an app in a folder of that name."""
    words = re.findall(r"[A-Za-z0-9]+", folder.resolve().name)
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if _STACK.fullmatch(name) else "Tuning"


def _files(app: NewApp) -> Iterator[tuple[str, str]]:
    words = _words(app)
    for home in (_SHARED, app.use_case.value):
        root = _TEMPLATES / home
        for path in sorted(root.rglob(f"*{_SUFFIX}")):
            name = path.relative_to(root).as_posix().removesuffix(_SUFFIX)
            yield name, Template(path.read_text(encoding="utf-8")).substitute(words)


def _words(app: NewApp) -> Mapping[str, str]:
    if not _STACK.fullmatch(app.stack):
        raise usage_error(
            f"--stack: {app.stack!r} is no name of a stack: a letter, then letters, digits, hyphens"
        )
    described = DESCRIPTIONS[app.use_case]
    try:
        model = catalog.base_model(app.base_model or described.base_model)
    except catalog.UnknownBaseModelError as error:
        raise usage_error(f"--base-model: {error}") from None
    return {
        "stack": app.stack,
        "base_model": model.id,
        "region": model.regions[0],
        "version": version(PACKAGE),
        "cdk_cli": CDK_CLI,
        "purpose": described.purpose,
        "data": described.data,
        "change": described.change,
        "trial": described.trial,
        "run": described.run,
    }
