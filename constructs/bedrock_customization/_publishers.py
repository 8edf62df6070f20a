"""Services that publish to a topic of their own accord: who lets them, and who must be told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Annotations, Token, aws_iam as iam

from bedrock_customization._pseudo_parameters import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_sns as sns
    from constructs import Construct, IDependable


def let_publish(
    scope: Construct, topic: sns.ITopic, service: str, *, source_arn: str, warning: str
) -> IDependable | None:
    """Let a service reach a topic, on behalf of this account's resources of a kind alone.

    A policy of a topic replaces what SNS gives it by default, so without a statement of its own the
    service would publish in vain, and nobody would be told.

    Args:
        scope: Whom a warning is about, where topic or key are imported.
        topic: Where.
        service: The service principal.
        source_arn: Pattern of the ARNs that publish.
        warning: Name of the warning's id.

    Returns:
        The topic's policy, to be waited for; None where there is none of this stack.
    """
    conditions = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
        "ArnLike": {"aws:SourceArn": source_arn},
    }
    allowed = topic.add_to_resource_policy(
        _statement(service, ["sns:Publish"], topic.topic_arn, conditions)
    )
    if topic.master_key:
        # In the policy of a key, `*` is the key itself.
        statement = _statement(service, ["kms:Decrypt", "kms:GenerateDataKey"], "*", conditions)
        key = topic.master_key.add_to_resource_policy(statement, allow_no_op=True)
        allowed_key = key.statement_added
    else:
        allowed_key = True
    if not (allowed.statement_added and allowed_key):
        arn = "" if Token.is_unresolved(topic.topic_arn) else f" {topic.topic_arn}"
        Annotations.of(scope).add_warning_v2(
            f"bedrock_customization:{warning}",
            f"the topic{arn} or its key is imported, so this stack cannot let {service} publish to "
            "it: allow sns:Publish on the topic, and kms:Decrypt and kms:GenerateDataKey on its "
            "key, with aws:SourceAccount",
        )
    return allowed.policy_dependable


def _statement(
    service: str, actions: list[str], resource: str, conditions: Mapping[str, Mapping[str, str]]
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(service)],
        actions=actions,
        resources=[resource],
        conditions=conditions,
    )
