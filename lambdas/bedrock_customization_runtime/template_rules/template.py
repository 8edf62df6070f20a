"""A template as rules see it: resolved, tolerant of whatever stands where it must not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.intrinsics import Resolver, references
from bedrock_customization_runtime.template_rules.machines import Machine, machines_of
from bedrock_customization_runtime.template_rules.policies import Policies
from bedrock_customization_runtime.template_rules.resource import Resource
from bedrock_customization_runtime.template_rules.values import (
    is_true,
    mapping,
    mapping_items,
    text,
    texts_below,
)

if TYPE_CHECKING:
    from bedrock_customization_runtime.template_rules.intrinsics import Json


class Template:
    """A template under one assumption about its conditions.

    Args:
        source: CloudFormation, as JSON holds it.
        assumed: What conditions are that only a deployment knows.
        is_bound: Whether literals of account, Region and partition are meant; None if that is to
            be told from whether the template refers to those of its deployment.

    Attributes:
        resources: Those that exist under it, by logical id.
        secret_parameters: Names of parameters whose value nobody may see.
    """

    def __init__(
        self, source: Mapping[str, object], *, assumed: bool, is_bound: bool | None
    ) -> None:
        resolver = Resolver(source, assumed=assumed)
        self._is_bound = is_bound
        self.resources: dict[str, Resource] = {}
        for name, body in mapping_items(source.get("Resources")):
            if not isinstance(body, Mapping) or not isinstance(body.get("Type"), str):
                continue
            if "Condition" in body and not resolver.holds(body["Condition"]):
                continue
            self.resources[name] = Resource(name, body["Type"], mapping(resolver.resolve(body)))
        self.secret_parameters = {
            name
            for name, body in mapping_items(source.get("Parameters"))
            if isinstance(body, Mapping) and is_true(body.get("NoEcho"))
        }
        self._by_type: dict[str, list[Resource]] = {}
        for each in self.resources.values():
            self._by_type.setdefault(each.type, []).append(each)

    def of_type(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of these types."""
        for type_ in types:
            yield from self._by_type.get(type_, ())

    def target(self, value: Json) -> Resource | None:
        """Return the resource of this template that a text begins by referring to."""
        found = text(value)
        return self.resources.get(next(references(found), "")) if found.startswith("${") else None

    @cached_property
    def is_bound(self) -> bool:
        """Whether literals of account, Region and partition are meant."""
        if self._is_bound is not None:
            return self._is_bound
        return not any(
            "${AWS::AccountId}" in value or "${AWS::Region}" in value for _, _, value in self.texts
        )

    @cached_property
    def texts(self) -> tuple[tuple[Resource, str, str], ...]:
        """All texts of properties, each with its resource and path."""
        return tuple(
            (resource, path, value)
            for resource in self.resources.values()
            for path, value in texts_below(resource.properties)
        )

    @cached_property
    def policies(self) -> Policies:
        """All statements of its policies."""
        return Policies(self.resources)

    @cached_property
    def machines(self) -> tuple[Machine, ...]:
        """The state machines whose definition it holds."""
        return tuple(machines_of(self.resources))

    @cached_property
    def referred_from(self) -> dict[str, set[str]]:
        """The logical ids of what refers to a resource, by its logical id."""
        found: dict[str, set[str]] = {}
        for resource, _, value in self.texts:
            for name in references(value):
                found.setdefault(name, set()).add(resource.logical_id)
        return found
