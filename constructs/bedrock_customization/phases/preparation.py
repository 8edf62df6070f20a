"""From raw data to records the base model takes, and a blind test set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aws_cdk import Size

from bedrock_customization._asl import Phase, States
from bedrock_customization._checks import check_between
from bedrock_customization._function import HandlerFunction
from bedrock_customization.dataset import DataSplit
from bedrock_customization.method import FineTuning
from bedrock_customization.phases.enrichment import DataEnrichment
from bedrock_customization.storage import INCOMING, RUNS
from bedrock_customization_runtime.contract import Handler

if TYPE_CHECKING:
    from aws_cdk import aws_stepfunctions as sfn
    from constructs import Construct

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.dataset import RecordTemplate
    from bedrock_customization.enrichment import Enrichment
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization.storage import CustomizationStorage


class DataPreparation(Phase):
    """Clean, de-duplicate, split and validate raw data against the rules of the base model.

    Input: `$run`.
    Output: `$preparation` (`contract.Preparation`); with enrichment also `$enrichment`.
    Errors: `InvalidInput`, `DatasetRejected`, `SourceChanged`; with enrichment also
    `BudgetReached`, `EnrichmentFailed`.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where raw data are, and records go.
        base_model: Whose rules decide.
        method: What the records are for. Without one, fine-tuning.
        template: How a row becomes a record.
            Without one, the data already are records: prompt and completion, or Converse messages.
        split: Shares of the validation set and the blind set.
        maximum_rejected: Share of the records, in [0, 1], that may break a rule and be left out
            before the data set as a whole is refused.
        privacy: What becomes of records with what looks like personal data or secrets: they are
            counted ("flag"), masked, rejected, or nothing is looked for ("off").
        enrichment: A model that adds to the records beforehand.
            Without one, they are prepared as they are.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: `maximum_rejected` is out of range.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        base_model: BaseModel,
        method: CustomizationMethod | None = None,
        template: RecordTemplate | None = None,
        split: DataSplit | None = None,
        maximum_rejected: float = 0.05,
        privacy: Literal["off", "flag", "mask", "reject"] = "flag",
        enrichment: Enrichment | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        check_between(
            "maximum_rejected", maximum_rejected, 0, 1, "it is a share, 0.05 means one in twenty"
        )
        method = method or FineTuning()
        super().__init__(scope, id)
        self.function = HandlerFunction(
            self,
            "Prepare",
            handler=Handler.PREPARE_DATA,
            description="Prepares training, validation and blind records",
            rights=[
                *storage.reading(storage.data_bucket, INCOMING, RUNS),
                *storage.writing(storage.data_bucket, RUNS),
                *storage.writing(storage.blind_bucket, RUNS),
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
            ],
            memory_mebibytes=2048,
            timeout_minutes=15,
            ephemeral_storage=Size.gibibytes(10),
        )
        states = States(self, "DataPreparation", on_failure=on_failure)
        prepare = states.invoke(
            "Prepare data",
            self.function,
            {
                "run": "{% $run %}",
                "base_model": base_model.id,
                "method": method.method.value,
                "template": template.to_contract() if template else None,
                "split": (split or DataSplit()).to_contract(),
                "maximum_rejected": maximum_rejected,
                # The contract's default is left out, so that templates without it stay as they are.
                "privacy": None if privacy == "flag" else privacy,
                "enrichment": enrichment.to_contract() if enrichment else None,
            },
            comment="Clean, de-duplicate, split and validate the records",
            assign="preparation",
        )
        self._start = prepare
        if enrichment:
            self.enrichment = DataEnrichment(
                self,
                "DataEnrichment",
                states=states,
                then=prepare,
                storage=storage,
                base_model=base_model,
                method=method,
                template=template,
                enrichment=enrichment,
            )
            self._start = self.enrichment.start
        self.rights = states.rights
        self._ends = [prepare]
