"""What a pipeline has in Bedrock, by tag, and what anything in the account is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_runtime.contract import PIPELINE_TAG, RUN_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_bedrock import BedrockClient

    Summary = Mapping[str, Any]

_PHASES = ("validationDetails", "dataProcessingDetails", "trainingDetails")


class ResourceKind(StrEnum):
    """Kinds of resources that runs make in Bedrock."""

    THROUGHPUT = "provisioned throughput"
    DEPLOYMENT = "on-demand deployment"
    IMPORTED_MODEL = "imported model"
    CUSTOM_MODEL = "custom model"
    CUSTOMIZATION_JOB = "customization job"
    EVALUATION_JOB = "evaluation job"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """Something in Bedrock that a run of the pipeline made.

    Args:
        kind: What it is.
        arn: ARN.
        name: Name.
        status: In Bedrock's words.
        created: When it was made.
        moved: When it last got further; of what is no job, when it was made.
        run: Key of the run that made it; None if its tags do not say.
        tags: All of them.
        foundation_model: Id of the foundation model below a throughput.
        model_units: Of a throughput.
    """

    kind: ResourceKind
    arn: str
    name: str
    status: str
    created: datetime
    moved: datetime
    run: str | None
    tags: Mapping[str, str]
    foundation_model: str | None = None
    model_units: int = 0


@dataclass(kw_only=True, slots=True)
class Inventory:
    """What was found.

    Args:
        resources: Of the pipeline.
        made_of: By the ARN of a model, the ARNs of all in the account that is made of it, whoever
            made it.
        unseen: What could not be listed, with the code of what AWS answered.
    """

    resources: list[Resource] = field(default_factory=list)
    made_of: dict[str, set[str]] = field(default_factory=dict)
    unseen: dict[ResourceKind, str] = field(default_factory=dict)

    def of_kind(self, kind: ResourceKind) -> list[Resource]:
        """Return the resources of a kind."""
        return [resource for resource in self.resources if resource.kind is kind]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Family:
    """How Bedrock's list of a kind is spelt."""

    operation: str
    summaries: str
    arn: str
    name: str
    created: str = "creationTime"
    only: Mapping[str, object] = field(default_factory=dict)
    made_of: tuple[str, ...] = ()
    moved: Callable[[Summary], datetime | None] = lambda _: None


def _last_progress(job: Summary) -> datetime | None:
    details = job.get("statusDetails", {})
    changed = [details[phase].get("lastModifiedTime") for phase in _PHASES if phase in details]
    return max((moment for moment in changed if moment), default=None)


_IN_PROGRESS = {"statusEquals": "InProgress"}
_FAMILIES = {
    ResourceKind.THROUGHPUT: _Family(
        operation="list_provisioned_model_throughputs",
        summaries="provisionedModelSummaries",
        arn="provisionedModelArn",
        name="provisionedModelName",
        made_of=("modelArn", "desiredModelArn"),
    ),
    ResourceKind.DEPLOYMENT: _Family(
        operation="list_custom_model_deployments",
        summaries="modelDeploymentSummaries",
        arn="customModelDeploymentArn",
        name="customModelDeploymentName",
        created="createdAt",
        made_of=("modelArn",),
    ),
    ResourceKind.IMPORTED_MODEL: _Family(
        operation="list_imported_models",
        summaries="modelSummaries",
        arn="modelArn",
        name="modelName",
    ),
    ResourceKind.CUSTOM_MODEL: _Family(
        operation="list_custom_models",
        summaries="modelSummaries",
        arn="modelArn",
        name="modelName",
        only={"isOwned": True},
        made_of=("baseModelArn",),
    ),
    # Jobs are never deleted: those that have ended are thousands one day, and nobody's business.
    ResourceKind.CUSTOMIZATION_JOB: _Family(
        operation="list_model_customization_jobs",
        summaries="modelCustomizationJobSummaries",
        arn="jobArn",
        name="jobName",
        only=_IN_PROGRESS,
        made_of=("baseModelArn",),
        moved=_last_progress,
    ),
    ResourceKind.EVALUATION_JOB: _Family(
        operation="list_evaluation_jobs",
        summaries="jobSummaries",
        arn="jobArn",
        name="jobName",
        only=_IN_PROGRESS,
    ),
}


def take(
    bedrock: BedrockClient, tag: str, *, is_wanted: Callable[[ResourceKind, datetime], bool]
) -> Inventory:
    """List what carries a pipeline's tag.

    A list that AWS refuses, as when it throttles for too long, leaves its kind out and does not
    keep the others from being listed.

    Args:
        bedrock: Client.
        tag: Value of the pipeline's tag.
        is_wanted: Tells by its kind, and by when it was made, whether a resource matters: tags are
            asked for one by one, and an account may have thousands.
    """
    found = Inventory()
    for kind, family in _FAMILIES.items():
        mine: list[Resource] = []
        try:
            for summary in _summaries(bedrock, family):
                for name in family.made_of:
                    if model := summary.get(name):
                        found.made_of.setdefault(model, set()).add(summary[family.arn])
                if not is_wanted(kind, summary[family.created]):
                    continue
                tags = tags_of(bedrock, summary[family.arn])
                if tags.get(PIPELINE_TAG) == tag:
                    mine.append(_resource(kind, family, summary, tags))
        except (ClientError, BotoCoreError) as error:
            # Part of a list is no list: what is missing from it might be what protects the rest.
            found.unseen[kind] = code_of(error)
            continue
        found.resources += mine
    return found


def tags_of(bedrock: BedrockClient, arn: str) -> dict[str, str]:
    """Return the tags of a resource; none if it is gone by now."""
    try:
        listed = bedrock.list_tags_for_resource(resourceARN=arn)["tags"]
    except bedrock.exceptions.ResourceNotFoundException:
        return {}
    return {tag["key"]: tag["value"] for tag in listed}


def code_of(error: ClientError | BotoCoreError) -> str:
    """Return what AWS answered, or what kept it from answering, without what a message quotes."""
    if isinstance(error, ClientError):
        return error.response["Error"].get("Code", "unknown")
    return type(error).__name__


def _summaries(bedrock: BedrockClient, family: _Family) -> Iterator[Summary]:
    # botocore's stubs know each paginator by a literal of its own.
    paginator = cast("Any", bedrock).get_paginator(family.operation)
    for page in paginator.paginate(**family.only):
        yield from page.get(family.summaries, [])


def _resource(
    kind: ResourceKind, family: _Family, summary: Summary, tags: Mapping[str, str]
) -> Resource:
    created = summary[family.created].astimezone(UTC)
    moved = family.moved(summary)
    foundation = summary.get("foundationModelArn")
    return Resource(
        kind=kind,
        arn=summary[family.arn],
        name=summary[family.name],
        # Models of either kind have none in their summary, or need none.
        status=summary.get("status", summary.get("modelStatus", "Active")),
        created=created,
        moved=moved.astimezone(UTC) if moved else created,
        run=tags.get(RUN_TAG),
        tags=tags,
        foundation_model=foundation.partition("foundation-model/")[2] if foundation else None,
        model_units=summary.get("modelUnits", 0),
    )
