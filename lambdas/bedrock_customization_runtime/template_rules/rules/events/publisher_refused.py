"""A topic that does not take what is published to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.events.publishers import publishers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_OF_THE_ACCOUNT = {"cloudwatch"}
"""Services that publish as the account, which a topic's default policy lets in."""


@rule(
    id="publisher-refused",
    title="a service publishes to a topic whose policy does not let it",
    why="the alarm goes red, the budget is spent, and nobody is told",
    fix="allow the service sns:Publish; enforce_ssl replaces the default policy that let alarms in",
    anchor="https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html",
)
def publisher_refused(template: Template) -> Iterator[Found]:
    """Find alarms, rules, budgets and buckets that publish to topics of this template in vain."""
    for topic, service, source in publishers_of(template):
        policy = list(template.policies.of_holder(topic, PolicyKind.RESOURCE))
        if not policy and service in _OF_THE_ACCOUNT:
            continue
        if not any(
            each.is_allow
            and each.covers("sns:Publish")
            and (service in each.services() or each.is_for_anyone)
            for each in policy
        ):
            yield Found(topic, f"policy for {source.logical_id}", f"{service}.amazonaws.com")
