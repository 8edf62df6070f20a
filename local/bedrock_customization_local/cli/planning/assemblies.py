"""Stacks of an app: of the cloud assembly that is there, or that its synthesis makes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cli.demonstration.synth import Synthesis, find_app
from bedrock_customization_local.cli.demonstration.workspace import workspace
from bedrock_customization_local.cli.messages import usage_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MANIFEST = "manifest.json"
_STACK, _ASSEMBLY = "aws:cloudformation:stack", "cdk:cloud-assembly"


@dataclass(frozen=True, slots=True)
class SynthesizedStack:
    """A stack as it would be deployed.

    Args:
        name: By which CloudFormation knows it.
        template: Its template.
    """

    name: str
    template: dict[str, Any]


@contextmanager
def assembly_of(folder: Path, *, region: str | None) -> Iterator[Path]:
    """Find the cloud assembly of a folder, or synthesize the app there while the block runs.

    Args:
        folder: Of a cloud assembly, or of an app with its `cdk.json`.
        region: Where an app's stacks would go; None where nobody knows.

    Yields:
        Folder of the assembly.

    Raises:
        CommandError: There is neither, or the app does not synthesize.
    """
    if (folder / _MANIFEST).is_file():
        yield folder
        return
    if not (folder / "cdk.json").is_file():
        raise usage_error(
            f"{folder} holds neither an app nor what one synthesized",
            "name a folder with a cdk.json, or the cdk.out of cdk synth",
        )
    app = find_app(folder)
    # The functions' libraries are not installed for this: their digest is that of their lock.
    context = {**app.context, "aws:cdk:bundling-stacks": []}
    with (
        workspace() as place,
        Synthesis(app, context, assembly=place / "cdk.out", region=region, account=None) as made,
    ):
        yield made.result()


def stacks_of(assembly: Path) -> list[SynthesizedStack]:
    """Return the stacks of an assembly, those of its stages too.

    Raises:
        CommandError: It holds none.
    """
    found = list(_stacks(assembly))
    if not found:
        raise usage_error(f"{assembly} holds no stack", "define one in the app, and call synth()")
    return found


def _stacks(assembly: Path) -> Iterator[SynthesizedStack]:
    manifest = json.loads((assembly / _MANIFEST).read_text(encoding="utf-8"))
    for name, artifact in manifest.get("artifacts", {}).items():
        properties = artifact.get("properties", {})
        if artifact["type"] == _STACK:
            text = (assembly / properties["templateFile"]).read_text(encoding="utf-8")
            yield SynthesizedStack(properties.get("stackName", name), json.loads(text))
        elif artifact["type"] == _ASSEMBLY:
            yield from _stacks(assembly / properties["directoryName"])
