"""A resource of a template."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.values import mapping, text

if TYPE_CHECKING:
    from bedrock_customization_runtime.template_rules.intrinsics import Json


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """A resource with its intrinsic functions resolved."""

    logical_id: str
    type: str
    body: dict[str, Json] = field(repr=False)

    @property
    def properties(self) -> dict[str, Json]:
        """Its properties; empty if there are none."""
        return mapping(self.body.get("Properties"))

    def get(self, *path: str) -> Json:
        """Return a property by the path to it, or None."""
        found: Json = self.properties
        for name in path:
            found = mapping(found).get(name)
        return found

    @property
    def construct_path(self) -> str | None:
        """Where CDK defines it, if the template says so."""
        return text(mapping(self.body.get("Metadata")).get("aws:cdk:path")) or None
