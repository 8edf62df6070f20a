"""What a resource of a stack is, here: a few calls of its own service's API."""

import secrets
import string
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from botocore.client import BaseClient

from bedrock_customization_local.cloud.untyped import Client

Properties: TypeAlias = Mapping[str, Any]
"""A resource's properties after every intrinsic function is resolved: JSON."""

ClientFactory: TypeAlias = Callable[[str], BaseClient]
"""Returns the embedded AWS's client of a service, by its boto3 name."""

_NAME_ALPHABET = string.ascii_uppercase + string.digits
_SUFFIX_LENGTH = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class StackScope:
    """What the resources of one stack share.

    Args:
        client: Makes the clients that resources are created through.
        stack_name: The stack's name, from which resources without a name get theirs.
        stack_id: The stack's ARN.
        region: The stack's Region.
        account_id: The stack's account.
    """

    client: ClientFactory
    stack_name: str
    stack_id: str
    region: str
    account_id: str


class Resource(ABC):
    """One resource of a stack, made through the API of its own service.

    Subclasses say which CloudFormation type they are and translate its properties. A property
    that they do not name reaches the API as it is, whose client refuses what it does not know:
    nothing of a template is dropped in silence.

    Args:
        logical_resource_id: The resource's id in the template.
        properties: Its resolved properties.
        scope: The stack it belongs to.
    """

    cf_resource_type: str
    service: ClassVar[str]
    immutable: ClassVar[frozenset[str]] = frozenset()
    """Properties whose change CloudFormation answers with a new resource."""

    def __init__(
        self, *, logical_resource_id: str, properties: Properties, scope: StackScope
    ) -> None:
        self.logical_resource_id = logical_resource_id
        self.properties = properties
        self.scope = scope
        self.physical_resource_id = ""
        self.attributes: dict[str, Any] = {}
        self.deletion_policy = "Delete"
        self.update_replace_policy = "Delete"

    @abstractmethod
    def create(self) -> None:
        """Create it, and set `physical_resource_id` (its `Ref`) and `attributes`."""

    @abstractmethod
    def update(self) -> None:
        """Bring what exists in line with the new `properties`."""

    @abstractmethod
    def delete(self) -> None:
        """Delete it."""

    def needs_replacement(self, properties: Properties) -> bool:
        """Return whether these properties ask for a new resource."""
        return any(self.properties.get(name) != properties.get(name) for name in self.immutable)

    def get_cfn_attribute(self, name: str) -> object:
        """Return what `Fn::GetAtt` gives; moto's intrinsic functions call it.

        Raises:
            NotImplementedError: The attribute is not emulated.
        """
        if name not in self.attributes:
            raise NotImplementedError(
                f"Fn::GetAtt {self.logical_resource_id}.{name}: attribute of "
                f"{self.cf_resource_type} is not emulated"
            )
        return self.attributes[name]

    def is_created(self) -> bool:
        """Return that creation has ended: it is over when `create` returns; moto asks."""
        return True

    @property
    def client(self) -> Client:
        """The client of this resource's service."""
        return self.scope.client(self.service)

    def named(self, name_property: str, *, limit: int, lower: bool = False) -> str:
        """Return the physical name: the template's, or one made as CloudFormation does."""
        given = self.properties.get(name_property)
        if given is not None:
            return str(given)
        suffix = "".join(secrets.choice(_NAME_ALPHABET) for _ in range(_SUFFIX_LENGTH))
        stem = f"{self.scope.stack_name}-{self.logical_resource_id}"
        stem = stem[: limit - _SUFFIX_LENGTH - 1].rstrip("-")
        name = f"{stem}-{suffix}"
        return name.lower() if lower else name

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something in the stack's account and Region."""
        return f"arn:aws:{service}:{self.scope.region}:{self.scope.account_id}:{resource}"

    def without(self, *names: str) -> dict[str, Any]:
        """Return the properties but for these."""
        return {name: value for name, value in self.properties.items() if name not in names}


class ReplacedResource(Resource):
    """A resource that never changes: any change makes a new one."""

    def needs_replacement(self, properties: Properties) -> bool:
        """Return whether anything changed."""
        return self.properties != properties

    def update(self) -> None:
        """Have nothing to do: there is no change without replacement."""


class PutResource(Resource):
    """A resource whose API has one verb that creates and overwrites."""

    @abstractmethod
    def put(self) -> None:
        """Create or overwrite it."""

    def create(self) -> None:
        """Create it under a name of its own."""
        self.put()

    def update(self) -> None:
        """Overwrite it."""
        self.put()


def tag_map(properties: Properties) -> dict[str, str]:
    """Return a template's tags as the API that wants a map has them."""
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


def lower_first(properties: Properties) -> dict[str, Any]:
    """Return the properties under the names of an API that writes `camelCase`."""
    return {name[0].lower() + name[1:]: value for name, value in properties.items()}
