"""Templates of a file or of a cloud assembly, and what is found in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime.template_rules import Environment, Finding, check_template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MANIFEST = "manifest.json"
_STACK = "aws:cloudformation:stack"
_ASSEMBLY = "cdk:cloud-assembly"
_SCHEME = "aws://"
_UNKNOWN = "unknown-"
_DEEPEST = 10
"""Assemblies within each other: stages of stages."""


@dataclass(frozen=True, slots=True)
class CheckedTemplate:
    """A template and what breaks a rule in it."""

    file: str
    """Its path, as it was found."""
    resources: int
    findings: tuple[Finding, ...]


def checked(path: Path) -> list[CheckedTemplate]:
    """Check a template, or every template of a folder that the CDK synthesized.

    Args:
        path: Of a file with a template in JSON, or of a cloud assembly.

    Raises:
        CommandError: There is no template.
    """
    if not path.exists():
        raise usage_error(f"{path} does not exist", "synthesize the app first: cdk synth")
    found = list(_templates(path)) if path.is_dir() else [(path, None)]
    if not found:
        raise usage_error(
            f"{path} holds no template", "name a template in JSON, or the folder of cdk synth"
        )
    return [_checked(file, environment) for file, environment in found]


def _checked(file: Path, environment: Environment | None) -> CheckedTemplate:
    template = _object(file)
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        raise usage_error(
            f"{file} is no CloudFormation template: it has no Resources",
            "name a template in JSON, or the folder of cdk synth",
        )
    findings = check_template(template, environment=environment)
    return CheckedTemplate(file.as_posix(), len(resources), findings)


def _templates(folder: Path, depth: int = 0) -> Iterator[tuple[Path, Environment | None]]:
    if not (folder / _MANIFEST).exists():
        yield from ((file, None) for file in sorted(folder.glob("*.template.json")))
        return
    artifacts = _object(folder / _MANIFEST).get("artifacts")
    for artifact in artifacts.values() if isinstance(artifacts, dict) else ():
        kind = artifact.get("type") if isinstance(artifact, dict) else None
        told = artifact.get("properties") if kind in {_STACK, _ASSEMBLY} else None
        if not isinstance(told, dict):
            continue
        if kind == _STACK:
            environment = _environment(str(artifact.get("environment", "")))
            yield folder / str(told.get("templateFile")), environment
        elif depth < _DEEPEST:
            yield from _templates(folder / str(told.get("directoryName")), depth + 1)
    yield from ((file, Environment()) for file in sorted(folder.glob("*.nested.template.json")))


def _environment(text: str) -> Environment:
    account, _, region = text.removeprefix(_SCHEME).partition("/")
    return Environment(
        account=None if account.startswith(_UNKNOWN) else account or None,
        region=None if region.startswith(_UNKNOWN) else region or None,
    )


def _object(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise usage_error(f"{file} cannot be read: {error}", "check the path") from error
    except (ValueError, RecursionError) as error:
        raise usage_error(
            f"{file} is no JSON: {error}", "name a template in JSON, as cdk synth writes it"
        ) from error
    if not isinstance(found, dict):
        raise usage_error(f"{file} holds no JSON object", "name a template, as cdk synth writes it")
    return found
