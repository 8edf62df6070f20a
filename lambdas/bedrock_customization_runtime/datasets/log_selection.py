"""Which invocation logs a student learns from: chosen as Bedrock itself would choose them.

Bedrock can read a prefix of logs by itself, but then the student would learn the blind set, so its
rules are applied here: `requestMetadataFilters` choose, and with `usePromptResponse` the logged
answers are learned, which must be the teacher's. Otherwise only the prompts are taken, and the
teacher answers them anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.catalog import check_filters
from bedrock_customization_runtime.datasets import invocation_logs, rules
from bedrock_customization_runtime.datasets.problems import RecordRejectedError
from bedrock_customization_runtime.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.contract import (
        LogsPlan,
        MetadataCondition,
        MetadataFilters,
    )
    from bedrock_customization_runtime.datasets.records import Record

_GEOGRAPHIES = frozenset({"us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"})
"""Of inference profiles, before the model's own id."""


class LogSelection:
    """Chooses logs and reads them.

    Args:
        plan: What is wanted.

    Raises:
        InvalidInput: Bedrock would refuse the filters.
    """

    def __init__(self, plan: LogsPlan) -> None:
        self._filters: MetadataFilters | None = plan.get("request_metadata_filters")
        self._with_answers = plan["use_prompt_response"]
        self._teacher = _foundation_model(plan["teacher"])
        if self._filters is not None:
            try:
                check_filters(self._filters)
            except ValueError as error:
                raise InvalidInput(f"logs.request_metadata_filters: {error}") from None

    def record_of(self, row: Mapping[str, object]) -> Record:
        """Return the record of a log.

        Raises:
            RecordRejectedError: It is not chosen, or cannot be used; with the reason.
        """
        metadata = row.get("requestMetadata")
        if not _is_chosen(metadata if isinstance(metadata, dict) else {}, self._filters):
            raise RecordRejectedError(rules.LOG_FILTERED, "$.requestMetadata")
        if not self._with_answers:
            return invocation_logs.prompt_of(row)
        if not self._is_of_teacher(row.get("modelId")):
            raise RecordRejectedError(rules.LOG_OTHER_MODEL, "$.modelId")
        return invocation_logs.exchange_of(row)

    def _is_of_teacher(self, model_id: object) -> bool:
        return isinstance(model_id, str) and _foundation_model(model_id) == self._teacher


def _is_chosen(metadata: Mapping[str, object], filters: MetadataFilters | None) -> bool:
    if filters is None:
        return True
    if "andAll" in filters:
        return all(_holds(metadata, condition) for condition in filters["andAll"])
    if "orAll" in filters:
        return any(_holds(metadata, condition) for condition in filters["orAll"])
    return _holds(metadata, filters)


def _holds(metadata: Mapping[str, object], condition: MetadataCondition | MetadataFilters) -> bool:
    if "equals" in condition:
        ((key, value),) = condition["equals"].items()
        return metadata.get(key) == value
    ((key, value),) = condition["notEquals"].items()
    return metadata.get(key) != value


def _foundation_model(identifier: str) -> str:
    """Return the model behind an id or ARN, of a foundation model or a system inference profile."""
    name = identifier.rpartition("/")[2]
    geography, _, behind = name.partition(".")
    return behind if geography in _GEOGRAPHIES else name
