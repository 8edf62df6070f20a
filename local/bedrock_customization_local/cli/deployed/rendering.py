"""What people read of a manifest: report and model card, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_runtime.reports import html, model_card

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bedrock_customization_runtime.manifest import Manifest


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
        bodies["as JSON"] = ("model-card.json", model_card.as_json(card))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in bodies.values():
            (folder / name).write_bytes(body)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise CommandError(
            f"{folder} cannot be written: {error.strerror}", advice=("name another folder",)
        ) from error
    return {title: folder / name for title, (name, _) in bodies.items()}
