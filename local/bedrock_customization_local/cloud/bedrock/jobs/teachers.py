"""Teachers: which model a distillation may learn from, and what that model says here.

On AWS a teacher is a large model that answers by itself. Here a foundation model knows only what it
was told (`Bedrock.teach`) and what the job itself shows it: golden answers among its prompts, and
its own logged responses. It answers a prompt as it answered the known one most like it, and where
it knows nothing with the noise of an untrained network, as it does when it is invoked. So what a
student learns here is real, and how good its teacher is says nothing about any model of AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.errors import ValidationError
from bedrock_customization_local.cloud.bedrock.models.foundation_models import (
    MEMBER_REGIONS,
    split_profile,
)
from bedrock_customization_runtime.catalog import BaseModel, LifecycleStatus, Prices, base_models

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bedrock_customization_runtime.catalog import MethodRules


@dataclass(frozen=True, kw_only=True, slots=True)
class Teacher:
    """The teacher of a job.

    Args:
        identifier: As the request names it.
        model_id: The foundation model.
        regions: Where its inference profile may send a question; empty without one.
        prices: Of its tokens.
        max_tokens: Length of an answer, at most; None for the model's own limit.
    """

    identifier: str
    model_id: str
    regions: tuple[str, ...]
    prices: Prices
    max_tokens: int | None


def teacher_of(
    config: Mapping[str, Any], *, student: BaseModel, rules: MethodRules, today: date
) -> Teacher:
    """Return the teacher that a request names.

    Args:
        config: `teacherModelConfig`.
        student: The base model.
        rules: Its rules of distillation.
        today: When the job starts.

    Raises:
        ValidationError: It cannot teach this student, or not in this way.
    """
    identifier = config["teacherModelIdentifier"]
    geography, model_id = split_profile(identifier)
    current = [
        teacher
        for teacher in rules.teachers
        if teacher.lifecycle.status_on(today) is not LifecycleStatus.RETIRED
    ]
    for teacher in current:
        if split_profile(teacher.id)[1] != model_id:
            continue
        if teacher.inference_profile_only and not geography:
            raise ValidationError(
                f"teacherModelIdentifier: {identifier} is there through an inference profile "
                f"only: use {teacher.id}"
            )
        return Teacher(
            identifier=identifier,
            model_id=model_id,
            regions=MEMBER_REGIONS.get(geography, ()),
            prices=_prices(model_id),
            max_tokens=config.get("maxResponseLengthForInference"),
        )
    allowed = " or ".join(teacher.id for teacher in current)
    raise ValidationError(
        f"teacherModelIdentifier: {identifier} cannot teach {student.id}: use {allowed}"
    )


def _prices(model_id: str) -> Prices:
    for model in base_models():
        if split_profile(model.inference_id)[1] == model_id:
            return model.prices
    return Prices()
