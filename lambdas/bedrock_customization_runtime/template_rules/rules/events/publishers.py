"""Who publishes to a topic, as services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.values import items, mapping, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template

_ALARM_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def publishers_of(template: Template) -> Iterator[tuple[Resource, str, Resource]]:
    """Yield a topic of the template, a service that publishes to it, and what makes it do so."""
    for service, source, arn in _published(template):
        topic = template.target(arn)
        if topic is not None and topic.type == "AWS::SNS::Topic":
            yield topic, service, source


def _published(template: Template) -> Iterator[tuple[str, Resource, str]]:  # noqa: C901, PLR0912 - a loop for each kind
    for rule in template.of_type("AWS::Events::Rule"):
        for target in items(rule.get("Targets")):
            if not mapping(target).get("RoleArn"):
                yield "events", rule, text(mapping(target).get("Arn"))
    for alarm in template.of_type("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for name in _ALARM_ACTIONS:
            for arn in texts(alarm.get(name)):
                yield "cloudwatch", alarm, arn
    for budget in template.of_type("AWS::Budgets::Budget"):
        for each in items(budget.get("NotificationsWithSubscribers")):
            for subscriber in items(mapping(each).get("Subscribers")):
                if text(mapping(subscriber).get("SubscriptionType")) == "SNS":
                    yield "budgets", budget, text(mapping(subscriber).get("Address"))
    for anomalies in template.of_type("AWS::CE::AnomalySubscription"):
        for subscriber in items(anomalies.get("Subscribers")):
            yield "costalerts", anomalies, text(mapping(subscriber).get("Address"))
    for bucket in template.of_type("AWS::S3::Bucket"):
        for each in items(bucket.get("NotificationConfiguration", "TopicConfigurations")):
            yield "s3", bucket, text(mapping(each).get("Topic"))
