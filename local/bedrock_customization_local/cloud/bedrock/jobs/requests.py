"""Requests for customization jobs: what the service refuses before a job exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import new_id, split_arn
from bedrock_customization_local.cloud.bedrock.errors import (
    NotEmulatedError,
    NotFoundError,
    ValidationError,
)
from bedrock_customization_local.cloud.bedrock.jobs.customization_jobs import CustomizationJob
from bedrock_customization_local.cloud.bedrock.jobs.datasets import LEARNABLE
from bedrock_customization_local.cloud.bedrock.jobs.model_keys import key_arn_of
from bedrock_customization_local.cloud.bedrock.jobs.teachers import Teacher, teacher_of
from bedrock_customization_runtime.catalog import (
    BaseModel,
    HyperparameterError,
    HyperparameterValue,
    Method,
    MethodRules,
    UnknownBaseModelError,
    UnsupportedCustomizationError,
    base_model,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.models.custom_models import (
        CustomModel,
        CustomModels,
    )

_CONFIGURATIONS: Mapping[Method, str] = {
    Method.DISTILLATION: "distillationConfig",
    Method.REINFORCEMENT_FINE_TUNING: "rftConfig",
}


class JobRequests:
    """Makes jobs of requests.

    Args:
        account: The account.
        models: Custom models to go on from.
        clients: Returns the embedded AWS's client of a service.
    """

    def __init__(
        self, account: Account, models: CustomModels, clients: Callable[[str], Any]
    ) -> None:
        self._account, self._models, self._clients = account, models, clients

    def job_of(self, parameters: Mapping[str, Any]) -> CustomizationJob:
        """Return the job that a request asks for.

        Raises:
            ValidationError: The service does not do that.
            NotEmulatedError: It does, the embedded one does not.
        """
        account = self._account
        method = _method(parameters.get("customizationType", Method.FINE_TUNING.value))
        base, parent = self._base(parameters["baseModelIdentifier"])
        if account.place.region not in base.regions:
            raise ValidationError(
                f"baseModelIdentifier: {base.id} can be customized in {', '.join(base.regions)}, "
                f"not in {account.place.region}"
            )
        try:
            rules = base.require(method, today=account.now().date())
        except UnsupportedCustomizationError as error:
            raise ValidationError(f"baseModelIdentifier: {error}") from error
        if rules.record_format not in LEARNABLE:
            raise NotEmulatedError(
                f"customizationType: {method} of {base.id} is not emulated; the embedded Bedrock "
                "learns from text only"
            )
        _check_source(parameters["trainingDataConfig"], method)
        _check_configuration(parameters, method)
        hyperparameters = _hyperparameters(parameters, base, rules)
        job_id = new_id()
        return CustomizationJob(
            id=job_id,
            arn=account.place.arn("model-customization-job", f"{base.id}/{job_id}"),
            parameters=parameters,
            base=base,
            base_arn=parent.arn if parent else account.place.foundation_model_arn(base.id),
            parent=parent,
            method=method,
            rules=rules,
            typed_hyperparameters=hyperparameters,
            teacher=self._teacher(parameters, base, rules),
            key_arn=key_arn_of(self._clients, parameters, "customModelKmsKeyId"),
            created=account.now(),
        )

    def _base(self, identifier: str) -> tuple[BaseModel, CustomModel | None]:
        kind, name = split_arn(identifier)
        if kind == "custom-model" or (not kind and self._models.has_name(name)):
            try:
                parent = self._models.find(identifier)
            except NotFoundError as error:
                raise ValidationError(f"baseModelIdentifier: {error.message}") from error
            if parent.details["customizationType"] == "IMPORTED":
                raise ValidationError(f"baseModelIdentifier: {parent.arn} cannot be customized")
            if parent.status != "Active":
                raise ValidationError(f"baseModelIdentifier: {parent.arn} is {parent.status}")
            return parent.base, parent
        try:
            return base_model(name), None
        except UnknownBaseModelError as error:
            raise ValidationError(
                f"The provided model identifier is invalid. baseModelIdentifier: {error}"
            ) from error

    def _teacher(
        self, parameters: Mapping[str, Any], student: BaseModel, rules: MethodRules
    ) -> Teacher | None:
        if rules.method is not Method.DISTILLATION:
            return None
        config = parameters["customizationConfig"]["distillationConfig"]["teacherModelConfig"]
        today = self._account.now().date()
        return teacher_of(config, student=student, rules=rules, today=today)


def _method(customization_type: str) -> Method:
    try:
        return Method(customization_type)
    except ValueError:
        raise ValidationError(
            f"customizationType: no job has the type {customization_type}; use FINE_TUNING"
        ) from None


def _check_source(config: Mapping[str, Any], method: Method) -> None:
    logs = "invocationLogsConfig" in config
    if logs and method not in _CONFIGURATIONS:
        raise ValidationError(
            f"trainingDataConfig.invocationLogsConfig: {method} does not learn from logs; give "
            "trainingDataConfig.s3Uri"
        )
    if logs and "s3Uri" in config:
        raise ValidationError(
            "trainingDataConfig: give either s3Uri or invocationLogsConfig, not both"
        )
    if not logs and "s3Uri" not in config:
        raise ValidationError(f"trainingDataConfig.s3Uri: {method} needs it")


def _check_configuration(parameters: Mapping[str, Any], method: Method) -> None:
    given = parameters.get("customizationConfig", {})
    wanted = _CONFIGURATIONS.get(method)
    for name in given:
        if name != wanted:
            raise ValidationError(f"customizationConfig.{name}: {method} does not take it")
    if wanted is not None and wanted not in given:
        raise ValidationError(f"customizationConfig.{wanted}: {method} needs it")
    if method is not Method.REINFORCEMENT_FINE_TUNING:
        return
    if "graderConfig" not in given["rftConfig"]:
        raise ValidationError(f"customizationConfig.rftConfig.graderConfig: {method} needs it")
    if parameters.get("hyperParameters"):
        raise ValidationError(
            f"hyperParameters: those of {method} belong in "
            "customizationConfig.rftConfig.hyperParameters"
        )


def _hyperparameters(
    parameters: Mapping[str, Any], base: BaseModel, rules: MethodRules
) -> dict[str, HyperparameterValue]:
    """Return the hyperparameters in their own types, with the defaults of those left out."""
    given: Mapping[str, HyperparameterValue] = parameters.get("hyperParameters", {})
    if rules.method is Method.REINFORCEMENT_FINE_TUNING:
        given = parameters["customizationConfig"]["rftConfig"].get("hyperParameters", {})
    try:
        parsed = base.parse_hyperparameters(rules.method, given)
    except HyperparameterError as error:
        raise ValidationError(f"hyperParameters: {error}") from error
    defaults = {
        name: hyperparameter.default
        for name, hyperparameter in rules.hyperparameters.items()
        if hyperparameter.default is not None
    }
    return defaults | parsed
