"""Replacing parts of moto so that they can be put back."""

from collections.abc import Callable, Mapping

from bedrock_customization_local.cloud.deploy.resources import ClientFactory
from bedrock_customization_local.cloud.measures import Measures, Unmeasured
from bedrock_customization_local.cloud.untyped import Moto

# Raises unless a service may publish to a topic: service, topic, condition keys.
RequireToPublish = Callable[[str, str, Mapping[str, str]], None]


def _anyone(_service: str, _topic_arn: str, _context: Mapping[str, str]) -> None:
    """Let every service publish."""


class Patches:
    """What was replaced, so that it can be put back.

    Args:
        client: Makes clients of the plane by boto3 service name; CloudFormation creates resources
            and EventBridge reaches its targets through them.
        measures: Takes what the services measure.
        require_to_publish: Raises unless a service may publish to a topic.
    """

    def __init__(
        self,
        client: ClientFactory,
        *,
        measures: Measures | None = None,
        require_to_publish: RequireToPublish = _anyone,
    ) -> None:
        self.client = client
        self.measures: Measures = measures or Unmeasured()
        self.require_to_publish = require_to_publish
        self._replaced: list[tuple[Moto, str, object]] = []

    def replace(self, owner: Moto, name: str, new: object) -> None:
        """Put `new` where `owner` has `name`."""
        self._replaced.append((owner, name, vars(owner)[name]))
        setattr(owner, name, new)

    def undo(self) -> None:
        """Put everything back, last first; again does nothing."""
        while self._replaced:
            owner, name, old = self._replaced.pop()
            setattr(owner, name, old)
