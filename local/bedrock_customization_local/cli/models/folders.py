"""Model folders by the places that people type. A kind of place is a case of `folder_of`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_customization_local.cli.deployed.pipelines import aws_errors
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.model_import.sources.hub import HubRepository
from bedrock_customization_runtime.model_import.sources.hub_requests import HubRequests
from bedrock_customization_runtime.model_import.sources.s3_folder import S3Folder
from bedrock_customization_runtime.weights import File

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bedrock_customization_local.cli.aws_options import Access
    from bedrock_customization_runtime.weights import Folder

_S3, _HUB = "s3://", "hf:"
_HUGGING_FACE = "https://huggingface.co"
_MAXIMUM_FILES = 100_000
_ADVICE = (
    "name the folder that holds config.json, on this machine or as s3://bucket/prefix, or a "
    "repository as hf:organization/model@revision"
)
_MODEL_SUFFIXES = (".safetensors", ".bin", ".gguf", ".pt", ".pth")


def folder_of(place: str, access: Access) -> Folder:
    """Return a model folder.

    Args:
        place: A path, an S3 URI, or `hf:` with a repository and, after an @, its revision.
        access: To a bucket.

    Raises:
        CommandError: There is no such folder, or it holds nothing of a model.
    """
    with aws_errors():
        try:
            folder = _opened(place, access)
        except InvalidInput as error:
            raise usage_error(str(error), _ADVICE) from error
        names = [file.name for file in folder.files()]
    if not any("/" not in name and _is_of_a_model(name) for name in names):
        below = next(filter(_is_of_a_model, names), None)
        found = f"it has {below} in a folder below" if below else f"it has {len(names):,} files"
        raise usage_error(
            f"{place} is no model folder: it holds neither config.json nor weights; {found}",
            _ADVICE,
        )
    return folder


def _opened(place: str, access: Access) -> Folder:
    if place.startswith(_S3):
        return _s3_prefix(place, access)
    return _repository(place) if place.startswith(_HUB) else _disk(place)


def _is_of_a_model(name: str) -> bool:
    path = Path(name)
    return path.name == "config.json" or path.suffix.lower() in _MODEL_SUFFIXES


def _disk(place: str) -> DiskFolder:
    path = Path(place)
    if not path.is_dir():
        found = "is a file" if path.exists() else "does not exist"
        raise usage_error(f"{place} is no model folder: it {found}", _ADVICE)
    return DiskFolder(path)


def _s3_prefix(uri: str, access: Access) -> S3Folder:
    return S3Folder.look(access.session().client("s3"), uri)


def _repository(place: str) -> HubRepository:
    """Look a repository up at the hub, and with the token, that the Hub's own tools use."""
    repo, _, revision = place.removeprefix(_HUB).partition("@")
    endpoint = os.environ.get("HF_ENDPOINT") or _HUGGING_FACE
    requests = HubRequests(endpoint, token=os.environ.get("HF_TOKEN"))
    return HubRepository.look(
        requests,
        {"kind": "hub", "endpoint": endpoint, "repo": repo, "revision": revision or "main"},
    )


class DiskFolder:
    """A folder on this machine.

    Links are followed within the folder, and into the cache of the Hub's own tool, whose folders
    are made of links. Others are named and never read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        root = path.resolve()
        is_of_the_hubs_cache = root.parent.name == "snapshots"
        self._roots = (root, *([root.parent.parent / "blobs"] if is_of_the_hubs_cache else []))

    def files(self) -> Sequence[File]:
        """Return all files.

        Raises:
            CommandError: There are far more than any model has.
        """
        found: list[File] = []
        for path in self._paths():
            if len(found) >= _MAXIMUM_FILES:
                raise usage_error(f"{self._path} holds more than {_MAXIMUM_FILES:,} files", _ADVICE)
            name = path.relative_to(self._path).as_posix()
            is_regular = self._is_regular(path)
            found.append(File(name, path.stat().st_size if is_regular else 0, is_regular))
        return found

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of a file."""
        with (self._path / name).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def _paths(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self._path):
            below = Path(folder)
            yield from (below / name for name in folders if (below / name).is_symlink())
            yield from (below / name for name in names)

    def _is_regular(self, path: Path) -> bool:
        target = path.resolve()
        return target.is_file() and any(target.is_relative_to(root) for root in self._roots)
