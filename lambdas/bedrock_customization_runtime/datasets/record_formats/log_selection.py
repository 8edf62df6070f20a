"""Which invocation logs a student learns from: chosen as Bedrock itself would choose them.

Bedrock can read a prefix of logs by itself, but then the student would learn the blind set, so its
rules are applied here: `requestMetadataFilters` choose, and with `usePromptResponse` the logged
answers are learned, which must be the teacher's. Otherwise only the prompts are taken, and the
teacher answers them anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.catalog import check_filters, split_profile
from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.problems import RecordRejectedError
from bedrock_customization_runtime.datasets.record_formats import invocation_logs
from bedrock_customization_runtime.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.contract import (
        LogsPlan,
        MetadataCondition,
        MetadataFilters,
    )
    from bedrock_customization_runtime.datasets.record_formats.records import Record


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
        self._teacher = split_profile(plan["teacher"])[1]
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
        return isinstance(model_id, str) and split_profile(model_id)[1] == self._teacher


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
