"""Tags of state machines and activities."""

from collections.abc import Callable, Mapping

from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.untyped import Json


class Tags:
    """The tags of all resources.

    Args:
        exists: Tells whether a resource exists.
    """

    def __init__(self, exists: Callable[[str], bool]) -> None:
        self._exists = exists
        self._tags: dict[str, dict[str, str]] = {}

    def store(self, arn: str, tags: Json) -> None:
        """Store the tags of a resource."""
        self._tags.setdefault(arn, {}).update({tag["key"]: tag["value"] for tag in tags})

    def tag_resource(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Add tags to a resource."""
        self.store(self._checked(parameters), parameters["tags"])
        return {}

    def untag_resource(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Take tags from a resource."""
        tags = self._tags.get(self._checked(parameters), {})
        for key in parameters["tagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """List the tags of a resource."""
        tags = self._tags.get(self._checked(parameters), {})
        return {"tags": [{"key": key, "value": value} for key, value in sorted(tags.items())]}

    def _checked(self, parameters: Mapping[str, Json]) -> str:
        arn: str = parameters["resourceArn"]
        if not self._exists(arn):
            raise ApiError("ResourceNotFound", f"Resource not found: '{arn}'")
        return arn
