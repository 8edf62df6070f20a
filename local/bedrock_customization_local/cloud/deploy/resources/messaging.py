"""The types of SNS, SQS and EventBridge."""

import json
from collections.abc import Set as AbstractSet
from typing import Any

from bedrock_customization_local.cloud.deploy.resources._base import (
    PutResource,
    ReplacedResource,
    Resource,
    tag_map,
)


class Topic(Resource):
    """An SNS topic."""

    cf_resource_type = "AWS::SNS::Topic"
    service = "sns"
    immutable = frozenset({"TopicName", "FifoTopic"})
    _NOT_ATTRIBUTES = ("Subscription", "Tags", "TopicName")
    _ATTRIBUTES = frozenset(
        {
            "ArchivePolicy",
            "ContentBasedDeduplication",
            "DisplayName",
            "FifoThroughputScope",
            "FifoTopic",
            "KmsMasterKeyId",
            "SignatureVersion",
            "TracingConfig",
        }
    )

    def create(self) -> None:
        """Create the topic and the subscriptions that stand in it."""
        _refuse_unknown(self.properties.keys() - self._ATTRIBUTES - set(self._NOT_ATTRIBUTES))
        name = self.named("TopicName", limit=256)
        self.physical_resource_id = self.client.create_topic(
            Name=name,
            Attributes=_attributes(self.without(*self._NOT_ATTRIBUTES)),
            Tags=self.properties.get("Tags", []),
        )["TopicArn"]
        self.attributes = {"TopicArn": self.physical_resource_id, "TopicName": name}
        self._subscribe()

    def update(self) -> None:
        """Set every attribute and subscription."""
        settings = self.without(*self._NOT_ATTRIBUTES, "FifoTopic")
        for name, value in _attributes(settings).items():
            self.client.set_topic_attributes(
                TopicArn=self.physical_resource_id, AttributeName=name, AttributeValue=value
            )
        self._subscribe()

    def delete(self) -> None:
        """Delete the topic."""
        self.client.delete_topic(TopicArn=self.physical_resource_id)

    def _subscribe(self) -> None:
        for subscription in self.properties.get("Subscription", []):
            self.client.subscribe(TopicArn=self.physical_resource_id, **subscription)


class TopicPolicy(PutResource):
    """The policy of one or more topics."""

    cf_resource_type = "AWS::SNS::TopicPolicy"
    service = "sns"
    immutable = frozenset({"Topics"})

    def put(self) -> None:
        """Write the policy to each topic."""
        policy = json.dumps(self.properties["PolicyDocument"])
        for topic in self.properties["Topics"]:
            self.client.set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=policy
            )
        self.physical_resource_id = self.physical_resource_id or self.named("", limit=64)

    def delete(self) -> None:
        """Leave the topics with a policy that grants nothing."""
        nothing = json.dumps({"Version": "2012-10-17", "Statement": []})
        for topic in self.properties["Topics"]:
            self.client.set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=nothing
            )


class Subscription(ReplacedResource):
    """A subscription to a topic."""

    cf_resource_type = "AWS::SNS::Subscription"
    service = "sns"
    _NOT_ATTRIBUTES = ("Endpoint", "Protocol", "Region", "TopicArn")

    def create(self) -> None:
        """Subscribe."""
        self.physical_resource_id = self.client.subscribe(
            TopicArn=self.properties["TopicArn"],
            Protocol=self.properties["Protocol"],
            Endpoint=self.properties["Endpoint"],
            Attributes=_attributes(self.without(*self._NOT_ATTRIBUTES)),
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        self.attributes = {"Arn": self.physical_resource_id}

    def delete(self) -> None:
        """Unsubscribe."""
        self.client.unsubscribe(SubscriptionArn=self.physical_resource_id)


class Queue(Resource):
    """An SQS queue."""

    cf_resource_type = "AWS::SQS::Queue"
    service = "sqs"
    immutable = frozenset({"QueueName", "FifoQueue"})
    _ATTRIBUTES = frozenset(
        {
            "ContentBasedDeduplication",
            "DeduplicationScope",
            "DelaySeconds",
            "FifoQueue",
            "FifoThroughputLimit",
            "KmsDataKeyReusePeriodSeconds",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "ReceiveMessageWaitTimeSeconds",
            "RedriveAllowPolicy",
            "RedrivePolicy",
            "SqsManagedSseEnabled",
            "VisibilityTimeout",
        }
    )

    def create(self) -> None:
        """Create the queue."""
        _refuse_unknown(self.properties.keys() - self._ATTRIBUTES - {"QueueName", "Tags"})
        name = self.named("QueueName", limit=80)
        self.physical_resource_id = self.client.create_queue(
            QueueName=name,
            Attributes=_attributes(self.without("QueueName", "Tags")),
            tags=tag_map(self.properties),
        )["QueueUrl"]
        self.attributes = {
            "Arn": self.arn("sqs", name),
            "QueueName": name,
            "QueueUrl": self.physical_resource_id,
        }

    def update(self) -> None:
        """Set every attribute."""
        self.client.set_queue_attributes(
            QueueUrl=self.physical_resource_id,
            Attributes=_attributes(self.without("QueueName", "FifoQueue", "Tags")),
        )

    def delete(self) -> None:
        """Delete the queue."""
        self.client.delete_queue(QueueUrl=self.physical_resource_id)


class QueuePolicy(PutResource):
    """The policy of one or more queues."""

    cf_resource_type = "AWS::SQS::QueuePolicy"
    service = "sqs"
    immutable = frozenset({"Queues"})

    def put(self) -> None:
        """Write the policy to each queue."""
        self._write(json.dumps(self.properties["PolicyDocument"]))
        self.physical_resource_id = self.physical_resource_id or self.named("", limit=64)

    def delete(self) -> None:
        """Remove the policy from each queue."""
        self._write("")

    def _write(self, policy: str) -> None:
        for queue in self.properties["Queues"]:
            self.client.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


class Rule(PutResource):
    """An EventBridge rule and its targets."""

    cf_resource_type = "AWS::Events::Rule"
    service = "events"
    immutable = frozenset({"EventBusName", "Name"})

    def put(self) -> None:
        """Write the rule and its targets."""
        name = self.physical_resource_id or self.named("Name", limit=64)
        parameters = self.without("EventPattern", "Name", "Targets")
        if "EventPattern" in self.properties:
            parameters["EventPattern"] = json.dumps(self.properties["EventPattern"])
        arn = self.client.put_rule(Name=name, **parameters)["RuleArn"]
        self.physical_resource_id = name
        self.attributes = {"Arn": arn}
        wanted = self.properties.get("Targets", [])
        stale = self._target_ids() - {target["Id"] for target in wanted}
        if stale:
            self.client.remove_targets(**self._rule(), Ids=sorted(stale))
        if wanted:
            self.client.put_targets(**self._rule(), Targets=wanted)

    def delete(self) -> None:
        """Remove the targets, then the rule."""
        targets = self._target_ids()
        if targets:
            self.client.remove_targets(**self._rule(), Ids=sorted(targets))
        bus = self._bus()
        self.client.delete_rule(Name=self.physical_resource_id, **bus)

    def _target_ids(self) -> set[str]:
        targets = self.client.list_targets_by_rule(**self._rule())["Targets"]
        return {target["Id"] for target in targets}

    def _rule(self) -> dict[str, str]:
        return {"Rule": self.physical_resource_id, **self._bus()}

    def _bus(self) -> dict[str, str]:
        bus = self.properties.get("EventBusName")
        return {"EventBusName": bus} if bus else {}


def _refuse_unknown(names: AbstractSet[str]) -> None:
    """Do what the APIs of SNS and SQS do not: refuse an attribute that does not exist."""
    if names:
        raise NotImplementedError(f"property {min(names)} is not emulated")


def _attributes(properties: dict[str, Any]) -> dict[str, str]:
    """Return properties as the attributes of SNS and SQS: all of them are strings."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in properties.items()
    }
