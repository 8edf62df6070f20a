"""Imported models: what import jobs leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.errors import NotFoundError
from bedrock_customization_local.cloud.bedrock.paging import page
from bedrock_customization_runtime.catalog import import_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.models.copies import Copies
    from bedrock_customization_local.cloud.bedrock.tinylm.model import Model

_UNITS_VERSION = "v1.0"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedModel:
    """An imported model.

    Args:
        arn: Its ARN, by which it is invoked.
        name: Unique while it exists.
        job_arn: The job that imported it.
        job_name: Its name.
        source: Where it came from, as the job's request names it.
        architecture: Class of the model.
        units: Custom model units of a copy.
        instruct_supported: Whether Converse can ask it.
        chat_template: Of its tokenizer; None without one.
        network: What answers; None for weights that cannot run here.
        key_arn: The customer's key of the model.
        created: When.
        copies: That run.
    """

    arn: str
    name: str
    job_arn: str
    job_name: str
    source: Mapping[str, Any]
    architecture: str
    units: int
    instruct_supported: bool
    chat_template: str | None
    network: Model | None
    key_arn: str | None
    created: datetime
    copies: Copies


class ImportedModels:
    """The imported models of the account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._models: dict[str, ImportedModel] = {}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._models)

    def has_name(self, name: str) -> bool:
        """Tell whether a model has a name."""
        return any(model.name == name for model in self._models.values())

    def find(self, identifier: str) -> ImportedModel:
        """Return a model by ARN or name.

        Raises:
            NotFoundError: There is none.
        """
        for model in self._models.values():
            if identifier in {model.arn, model.name}:
                return model
        raise NotFoundError(f"there is no imported model {identifier}")

    def add(self, model: ImportedModel, tags: Sequence[Mapping[str, str]]) -> None:
        """Take in a job's model."""
        self._models[model.arn] = model
        self._account.tags.create(model.arn, tags)
        self._account.meter.start_unit_storage(
            model.arn, model.units, import_rules().running.storage_per_unit_month
        )

    def ask(self, model: ImportedModel) -> None:
        """Make sure that a model can answer now.

        Raises:
            ModelNotReadyError: None of its copies can, yet.
        """
        fault = self._account.faults.of_imported_model(model.name)
        if fault is not None:
            model.copies.stop()
        model.copies.ask()

    def answered(self, model: ImportedModel) -> None:
        """Bill an answer of a model."""
        minutes = model.copies.answered()
        if minutes:
            self._account.meter.count_unit_minutes(
                model.arn, minutes * model.units, import_rules().running.unit_minute
            )

    def get_imported_model(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetImportedModel."""
        model = self.find(parameters["modelIdentifier"])
        return {
            **_summary(model),
            "jobName": model.job_name,
            "jobArn": model.job_arn,
            "modelDataSource": model.source,
            "customModelUnits": {
                "customModelUnitsPerModelCopy": model.units,
                "customModelUnitsVersion": _UNITS_VERSION,
            },
            **({"modelKmsKeyArn": model.key_arn} if model.key_arn else {}),
        }

    def list_imported_models(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListImportedModels."""
        found, more = page(
            list(self._models.values()),
            parameters,
            name=lambda model: model.name,
            created=lambda model: model.created,
        )
        return {"modelSummaries": [_summary(model) for model in found], **more}

    def delete_imported_model(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteImportedModel."""
        model = self.find(parameters["modelIdentifier"])
        del self._models[model.arn]
        self._account.tags.forget(model.arn)
        self._account.meter.stop(model.arn)
        return {}


def _summary(model: ImportedModel) -> dict[str, Any]:
    return {
        "modelArn": model.arn,
        "modelName": model.name,
        "creationTime": model.created,
        "instructSupported": model.instruct_supported,
        "modelArchitecture": model.architecture,
    }
