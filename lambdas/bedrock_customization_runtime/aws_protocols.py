"""What is used of AWS clients of which no types are published beside the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class SageMakerClient(Protocol):
    """What is used of the SageMaker client."""

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - SageMaker's
        """Return a training job."""
        ...

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803 - SageMaker's
        """Return a version of a model package."""
        ...


class SecretsClient(Protocol):
    """What is used of the Secrets Manager client."""

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        """Return a secret."""
        ...


class EventHistory(Protocol):
    """CloudTrail's client, as far as it is needed here."""

    def lookup_events(self, **request: object) -> Mapping[str, object]:
        """Return a page of events."""
