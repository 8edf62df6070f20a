"""What the embedded AWS works around in moto's SNS: what a subscriber out of reach costs."""

import functools
import logging

from moto.sns import models as sns

from bedrock_customization_local.cloud.moto_patches.replacing import Patches

_log = logging.getLogger(__name__)


def fail_alone(patches: Patches) -> None:
    """Let a subscriber that cannot be reached keep nothing from the others, and count it.

    moto answers the publisher with the subscriber's error, and tells later subscribers nothing.
    """
    original = sns.Subscription.publish

    @functools.wraps(original)
    def publish(self: sns.Subscription, *args: object, **kwargs: object) -> None:
        topic = {"TopicName": self.topic.name}
        try:
            original(self, *args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever the endpoint raises
            _log.warning("topic %s could not reach %s", self.topic.name, self.endpoint)
            patches.measures.put("AWS/SNS", "NumberOfNotificationsFailed", 1, topic)
        else:
            patches.measures.put("AWS/SNS", "NumberOfNotificationsDelivered", 1, topic)

    patches.replace(sns.Subscription, "publish", publish)


PATCHES = (fail_alone,)
