"""Tags of every kind of resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.errors import NotFoundError, TooManyTagsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MAXIMUM = 50


class Tags:
    """The tags of one account's resources, by ARN."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, str]] = {}

    def create(self, arn: str, tags: Sequence[Mapping[str, str]]) -> None:
        """A resource comes into being, with tags.

        Raises:
            TooManyTagsError: There are more than 50.
        """
        self.check(tags)
        self._of[arn] = {tag["key"]: tag["value"] for tag in tags}

    def check(self, tags: Sequence[Mapping[str, str]]) -> None:
        """Raise TooManyTagsError if no resource may have so many tags."""
        if len({tag["key"] for tag in tags}) > _MAXIMUM:
            raise TooManyTagsError(f"a resource has at most {_MAXIMUM} tags")

    def forget(self, arn: str) -> None:
        """A resource is gone."""
        self._of.pop(arn, None)

    def of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags.

        Raises:
            NotFoundError: There is no such resource.
        """
        if arn not in self._of:
            raise NotFoundError(f"resourceARN: there is no resource {arn}")
        return self._of[arn]

    def tag_resource(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """TagResource."""
        tags = self.of(parameters["resourceARN"])
        new = {tag["key"]: tag["value"] for tag in parameters["tags"]}
        if len(tags | new) > _MAXIMUM:
            raise TooManyTagsError(f"a resource has at most {_MAXIMUM} tags")
        tags.update(new)
        return {}

    def untag_resource(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        tags = self.of(parameters["resourceARN"])
        for key in parameters["tagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        tags = self.of(parameters["resourceARN"])
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
