"""Replacing parts of moto so that they can be put back."""

from bedrock_customization_local.cloud.deploy.resources import ClientFactory
from bedrock_customization_local.cloud.untyped import Moto


class Patches:
    """What was replaced, so that it can be put back.

    Args:
        client: Makes clients of the plane by boto3 service name; CloudFormation creates resources
            and EventBridge reaches its targets through them.
    """

    def __init__(self, client: ClientFactory) -> None:
        self.client = client
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
