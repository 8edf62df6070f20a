"""Read a manifest from wherever it is, and write what people read of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_runtime import aws, storage
from bedrock_customization_runtime.manifest import SCHEMA_VERSION, Manifest
from bedrock_customization_runtime.reports import html, model_card

if TYPE_CHECKING:
    from collections.abc import Mapping

_S3 = "s3://"


def read_manifest(place: str) -> Manifest:
    """Return the manifest in a file or at an S3 URI.

    Raises:
        CommandError: It cannot be read, or is no manifest of this version.
    """
    try:
        body = storage.read(aws.s3(), place) if place.startswith(_S3) else Path(place).read_bytes()
    except (OSError, ValueError, BotoCoreError, ClientError) as error:
        raise CommandError(
            f"{place} cannot be read: {error}",
            advice=("name the manifest.json of a run: a file, or s3://<artifacts>/runs/<run>/…",),
        ) from error
    try:
        return msgspec.json.decode(body, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{place} is no manifest of schema version {SCHEMA_VERSION}: {error}",
            advice=(
                "render it with the version of this library that wrote it (run.library_version)",
            ),
        ) from error


def render(manifest: Manifest, folder: Path) -> Mapping[str, Path]:
    """Write report and model card into a folder, which is made if it is not there.

    Returns:
        The files by what they are; without a card where the run made no model.

    Raises:
        CommandError: The folder cannot be written.
    """
    bodies = {"Report": ("report.html", html.render(manifest).encode())}
    card = model_card.model_card(manifest)
    if card is not None:
        bodies["Model card"] = ("model-card.md", model_card.as_markdown(card).encode())
        bodies["… as JSON"] = ("model-card.json", model_card.as_json(card))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in bodies.values():
            (folder / name).write_bytes(body)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise CommandError(
            f"{folder} cannot be written: {error.strerror}", advice=("name another folder",)
        ) from error
    return {title: folder / name for title, (name, _) in bodies.items()}
