"""This machine: what a synth, a deployment and the embedded AWS need of it."""

from __future__ import annotations

import importlib.metadata
import re
import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bedrock_customization_local.cli.health import programs
from bedrock_customization_local.cli.health.findings import Finding, doubtful, fine, in_the_way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.metadata import Distribution
    from pathlib import Path

PACKAGE = "cdk-bedrock-customization"
CDK_CLI = "2.1148.1"
"""That this package is tested with; the tag `latest` is on 3.0.0, which is none."""
_OLDEST_PYTHON = (3, 11)
_SUPPORTED_NODE, _WORKING_NODE = 22, 18
_ACCIDENT = (3, 0, 0)
_READER, _WRITTEN_BY = (2, 1148, 0), (2, 275, 0)
"""CDK CLIs before the first cannot read what aws-cdk-lib of the second writes."""
_GIBIBYTE = 2**30
_DISK_BYTES, _MEMORY_BYTES = 2 * _GIBIBYTE, _GIBIBYTE
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)[^;]*(?:;(?P<marker>.*))?")
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
_CONNECT_SECONDS = 3
_INSTALL_CDK = f"npm install --save-dev aws-cdk@{CDK_CLI}, then npx cdk"
_ASK_PYTHON = (
    "import sys, importlib.util as util;"
    "print('.'.join(map(str, sys.version_info[:3])),"
    " *(name for name in ('aws_cdk', 'bedrock_customization') if not util.find_spec(name)))"
)


def python(command: str, environment: Mapping[str, str]) -> Finding:
    """Check that the Python which an app's command starts has what the app imports.

    Args:
        command: Of the app, as `cdk.json` has it.
        environment: Variables.
    """
    name = command.split(maxsplit=1)[0] if command.split() else "python3"
    if not name.startswith("python"):
        return fine("python", f"the app is started by {name}")
    found = programs.find(name, environment, arguments=("-c", _ASK_PYTHON))
    if found is None:
        return in_the_way(
            "python",
            f"the app is started by {name}, which is not on the PATH",
            "activate the app's environment, or name its Python in cdk.json",
        )
    if not found.version:
        return in_the_way(
            "python", f"{found.path} does not run", "install Python 3.11 or newer, and name it"
        )
    if found.version < _OLDEST_PYTHON:
        return in_the_way(
            "python",
            f"{found.path} is Python {found.words}, and {PACKAGE} needs 3.11 or newer",
            "make the app's environment with a newer Python",
        )
    missing = found.told.split()[1:]
    if missing:
        return in_the_way(
            "python",
            f"{found.path} has no {' and no '.join(missing)}, so `{command}` fails",
            f"activate the app's environment, or pip install {PACKAGE} into this one",
        )
    return fine("python", f"{found.words}, {found.path}")


def node(environment: Mapping[str, str]) -> Finding:
    """Check the Node that aws-cdk-lib and the CDK CLI run on."""
    found = programs.find("node", environment)
    if found is None:
        return in_the_way(
            "node",
            "there is no node on the PATH, and aws-cdk-lib runs on it",
            f"install Node 24, or pip install '{PACKAGE}[local]', which brings one",
        )
    major = found.version[0] if found.version else 0
    if major < _WORKING_NODE:
        return in_the_way(
            "node",
            f"{found.path} is Node {found.words}, on which aws-cdk-lib does not run",
            "install Node 24",
        )
    if major < _SUPPORTED_NODE:
        return doubtful(
            "node",
            f"{found.path} is Node {found.words}, which is past its end of life",
            "install Node 24; until then each synth prints a warning",
        )
    return fine("node", f"{found.words}, {found.path}")


def cdk_cli(folder: Path, environment: Mapping[str, str], *, library: str | None) -> Finding:
    """Check the CDK's command line: as npx finds it in the app's folder, else on the PATH.

    Args:
        folder: Of the app.
        environment: Variables.
        library: Version of aws-cdk-lib, which writes what the command line reads; None without one.
    """
    beside = folder / "node_modules" / ".bin"
    found = programs.find("cdk", environment, beside=beside)
    if found is None:
        return doubtful("cdk-cli", "there is no CDK CLI here, which deploys", _INSTALL_CDK)
    if not found.version:
        return in_the_way(
            "cdk-cli", f"{found.path} does not run: {found.told or 'no output'}", _INSTALL_CDK
        )
    if found.version == _ACCIDENT:
        return in_the_way(
            "cdk-cli",
            f"{found.path} is 3.0.0, published by accident: it reads no assembly of today",
            _INSTALL_CDK,
        )
    if library and found.version < _READER and _numbers(library) >= _WRITTEN_BY:
        return in_the_way(
            "cdk-cli",
            f"{found.path} is {found.words}, which cannot read what aws-cdk-lib {library} writes",
            _INSTALL_CDK,
        )
    return fine("cdk-cli", f"{found.words}, {found.path}")


def extras(distribution: Distribution) -> Finding:
    """Check that all is installed which the command line and the embedded AWS import.

    Args:
        distribution: Of this package.
    """
    needed = {
        found["name"]
        for requirement in distribution.requires or []
        if (found := _REQUIREMENT.match(requirement))
        and (marker := found["marker"])
        and re.search(r"extra *== *['\"](local|runtime)['\"]", marker)
        and ("sys_platform" not in marker or _is_of_this_platform(marker))
        and found["name"] != distribution.name
    }
    missing = sorted(name for name in needed if version_of(name) is None)
    if missing:
        return in_the_way(
            "extras",
            f"not installed: {', '.join(missing)}",
            f"pip install '{PACKAGE}[local]'",
        )
    return fine("extras", f"{len(needed)} libraries of [local]")


def disk(free: int, folder: str) -> Finding:
    """Check what is free where temporary files go.

    Args:
        free: Bytes.
        folder: Where.
    """
    if free < _DISK_BYTES:
        return doubtful(
            "disk",
            f"{free / _GIBIBYTE:.1f} GiB are free in {folder}; large data sets are sorted there",
            "make room, or name another folder in TMPDIR",
        )
    return fine("disk", f"{free / _GIBIBYTE:.0f} GiB are free in {folder}")


def memory(available: int) -> Finding:
    """Check the memory that is free, in bytes."""
    if available < _MEMORY_BYTES:
        return doubtful(
            "memory",
            f"{available / _GIBIBYTE:.1f} GiB of memory are free; a run on the embedded AWS takes "
            "about 1 GiB",
            "end other programs before `demo` and `local up`",
        )
    return fine("memory", f"{available / _GIBIBYTE:.0f} GiB are free")


def proxy(environment: Mapping[str, str]) -> Finding:
    """Check that a proxy answers, and that nothing for this machine itself is sent to it."""
    named = next((one for one in _PROXIES if environment.get(one)), None)
    if named is None:
        return fine("proxy", "none")
    address = environment[named]
    found = urlsplit(address if "://" in address else f"http://{address}")
    place = f"{found.hostname}:{found.port or 80}"
    try:
        socket.create_connection(
            (found.hostname or "", found.port or 80), timeout=_CONNECT_SECONDS
        ).close()
    except (OSError, ValueError):
        return in_the_way(
            "proxy",
            f"{named} names {place}, where nothing answers",
            f"mend or unset {named}; AWS and the package index are asked through it",
        )
    spared = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    lacking = [one for one in ("127.0.0.1", "localhost") if one not in spared and spared != "*"]
    if lacking:
        return doubtful(
            "proxy",
            f"{named} is set, and NO_PROXY lacks {' and '.join(lacking)}: other programs ask the "
            "proxy for the embedded AWS",
            "export NO_PROXY=127.0.0.1,localhost",
        )
    return fine("proxy", f"{place}, not for this machine itself")


def app(folder: Path) -> Iterator[Finding]:
    """Check the folder of an app: its `cdk.json`, and what hides the library of constructs."""
    from bedrock_customization_local.cli.demonstration.synth import find_app  # noqa: PLC0415
    from bedrock_customization_local.cli.messages import CommandError  # noqa: PLC0415

    for shadow in (folder / "constructs" / "__init__.py", folder / "constructs.py"):
        if shadow.is_file():
            yield in_the_way(
                "shadow",
                f"{shadow} hides the package `constructs` of the CDK from an app in {folder}",
                "rename it, or move the app into a folder below",
            )
    if not (folder / "cdk.json").is_file():
        yield doubtful(
            "app",
            f"{folder} holds no cdk.json, so there is no app to deploy",
            "change to your app's folder, or begin one with bedrock-customization init",
        )
        return
    try:
        found = find_app(folder)
    except CommandError as error:
        yield in_the_way("app", error.message, " ".join(error.advice) or "mend cdk.json")
        return
    yield fine("app", found.title)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def version_of(distribution: str) -> str | None:
    """Return the version of what is installed, None if it is not."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _is_of_this_platform(marker: str) -> bool:
    found = re.search(r"sys_platform *== *['\"](\w+)['\"]", marker)
    return found is None or found[1] == sys.platform
