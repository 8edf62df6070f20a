"""A pipeline that is deployed: what would make its next run fail, or be told to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_local.cli.health.findings import Finding, doubtful, fine, in_the_way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boto3 import Session
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

    from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline

_WORKS = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
)
_GONE = frozenset({"ResourceNotFoundException", "ValidationException", "NotFoundException"})
_QUEUE = "AWS::SQS::Queue"
_LETTERS = "ApproximateNumberOfMessages"


def stack(found: StackTypeDef) -> Finding:
    """Check in which state the stack is."""
    status = found["StackStatus"]
    if status in _WORKS:
        return fine("stack", f"{found['StackName']} is {status}")
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        return doubtful(
            "stack", f"{found['StackName']} is {status}", "wait until CloudFormation is done"
        )
    reason = found.get("StackStatusReason", "no reason given")
    return in_the_way(
        "stack",
        f"{found['StackName']} is {status}: {reason}",
        "read the stack's events, mend the cause, and deploy again; a first deployment that "
        "failed must be deleted first",
    )


def keys(session: Session, pipeline: DeployedPipeline) -> Iterator[Finding]:
    """Check the keys of the pipeline's buckets."""
    s3, kms = session.client("s3"), session.client("kms")
    buckets = {
        "data": pipeline.data_bucket,
        "blind": pipeline.blind_bucket,
        "artifacts": pipeline.artifacts_bucket,
    }
    bad = False
    for name, bucket in buckets.items():
        key = None if bucket is None else _key_of(s3.get_bucket_encryption(Bucket=bucket))
        if key is None:
            continue
        state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        if state != "Enabled":
            bad = True
            yield in_the_way(
                "keys",
                f"the key of the {name} bucket is {state}: {key}",
                "cancel its deletion and enable it, before its data are lost for good",
            )
    if not bad:
        yield fine("keys", "the buckets' keys are enabled")


def _key_of(encryption: dict[str, object] | object) -> str | None:
    match encryption:
        case {
            "ServerSideEncryptionConfiguration": {
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"KMSMasterKeyID": str(key)}}, *_]
            }
        }:
            return key
    return None


def subscribers(session: Session, topic: str) -> Finding:
    """Check that somebody is told how runs end.

    Args:
        session: Of the user.
        topic: ARN of the pipeline's topic.
    """
    pages = session.client("sns").get_paginator("list_subscriptions_by_topic")
    found = [one for page in pages.paginate(TopicArn=topic) for one in page["Subscriptions"]]
    confirmed = [one for one in found if one["SubscriptionArn"].startswith("arn:")]
    if confirmed:
        return fine("subscribers", f"{len(confirmed)} are told how runs end")
    waiting = f"{len(found)} have not confirmed" if found else "nobody has subscribed"
    return doubtful(
        "subscribers",
        f"nobody is told how runs end: {waiting} to {topic}",
        "aws sns subscribe, or topic.add_subscription(…) in the app, and confirm the message",
    )


def alias(session: Session, pipeline: DeployedPipeline) -> Finding:
    """Check that what consumers invoke is there."""
    ssm, bedrock = session.client("ssm"), session.client("bedrock")
    held = ssm.get_parameters(Names=[pipeline.alias_parameter])["Parameters"]
    if not held:
        return fine("alias", "names no model yet: no run has promoted one")
    arn = held[0]["Value"]
    try:
        status = (
            str(bedrock.get_provisioned_model_throughput(provisionedModelId=arn)["status"])
            if ":provisioned-model/" in arn
            else str(
                bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)["status"]
            )
            if ":custom-model-deployment/" in arn
            else "Active"
        )
    except ClientError as error:
        if error.response["Error"].get("Code") not in _GONE:
            raise
        status = "gone"
    if status in {"Active", "InService", "Updating"}:
        return fine("alias", f"names {arn}, which answers")
    return in_the_way(
        "alias",
        f"consumers are sent to {arn}, which is {status}",
        "bedrock-customization rollback --list, then rollback --to a run whose model answers",
    )


def dead_letters(session: Session, stack_name: str) -> Finding:
    """Check that no event of the pipeline was given up."""
    formation, sqs = session.client("cloudformation"), session.client("sqs")
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
    queues = [
        one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == _QUEUE and "PhysicalResourceId" in one
    ]
    letters = {
        queue: int(
            sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[_LETTERS])["Attributes"][
                _LETTERS
            ]
        )
        for queue in queues
    }
    full = [f"{count} in {queue.rpartition('/')[2]}" for queue, count in letters.items() if count]
    if full:
        return doubtful(
            "dead-letters",
            f"events were given up: {', '.join(full)}",
            "docs/runbooks/dead-letters.md says what to do",
        )
    return fine("dead-letters", "no event was given up")
