"""Opens whatever a model source names, as it is now or as an earlier step has pinned it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.model_import.sources import sagemaker as sagemaker_source
from bedrock_customization_runtime.model_import.sources.archive import ArchiveFolder
from bedrock_customization_runtime.model_import.sources.hub import HubRepository
from bedrock_customization_runtime.model_import.sources.hub_requests import HubRequests
from bedrock_customization_runtime.model_import.sources.s3_folder import S3Folder
from bedrock_customization_runtime.model_import.sources.tokens import token_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.aws_protocols import SageMakerClient, SecretsClient
    from bedrock_customization_runtime.contract import HubSource, ModelSource
    from bedrock_customization_runtime.model_import.sources.pinned import Pinned

OpenedSource = HubRepository | S3Folder | ArchiveFolder


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceClients:
    """What sources are read with; what a source has no use for is not made."""

    s3: S3Client
    sagemaker: Callable[[], SageMakerClient]
    secrets_manager: Callable[[], SecretsClient]


def look(clients: SourceClients, source: ModelSource, heads: str) -> OpenedSource:
    """Find out what a source is now, and pin it.

    Args:
        clients: Of AWS.
        source: What is imported.
        heads: S3 URI of where beginnings of packed files are kept, without a trailing slash.

    Raises:
        InvalidInput: The source makes no sense.
        ModelSourceRefused: It is not there, or may not be read.
        ModelSourceUnavailable: It does not answer now.
        ModelRejected: It is an archive that cannot be unpacked.
    """
    if source["kind"] == "hub":
        return HubRepository.look(_requests(clients, source), source)
    if source["kind"] == "s3":
        return S3Folder.look(clients.s3, source["uri"], account=source.get("account"))
    found = sagemaker_source.locate(clients.sagemaker, source)
    if found.kind == "archive":
        return ArchiveFolder.look(clients.s3, found.uri, heads)
    return S3Folder.look(clients.s3, found.uri)


def opened(clients: SourceClients, source: ModelSource, pinned: Pinned, heads: str) -> OpenedSource:
    """Open a source as an earlier step has pinned it.

    Args:
        clients: Of AWS.
        source: What is imported.
        pinned: What was found.
        heads: As of `look`.
    """
    if source["kind"] == "hub":
        return HubRepository(_requests(clients, source), source["repo"], pinned)
    if pinned.kind == "archive":
        return ArchiveFolder(clients.s3, pinned, heads)
    return S3Folder(clients.s3, pinned)


def _requests(clients: SourceClients, source: HubSource) -> HubRequests:
    token = token_of(clients.secrets_manager, source.get("token_secret_arn"))
    return HubRequests(source["endpoint"], token=token)
