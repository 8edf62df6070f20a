"""States before "Prepare data" in which a model adds to the records, where that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bedrock_customization._access import Right
from bedrock_customization._function import HandlerFunction
from bedrock_customization._retries import BUSY_MODEL_ERRORS, Retry
from bedrock_customization.method import log_bucket_of, logs_of
from bedrock_customization.storage import ANSWERS, INCOMING, RUNS
from bedrock_customization_runtime.contract import Handler

if TYPE_CHECKING:
    from bedrock_customization._asl import States
    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.dataset import RecordTemplate
    from bedrock_customization.enrichment import Enrichment
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization.storage import CustomizationStorage


class DataEnrichment(Construct):
    """Ask a model about every record, call by call, and then go on.

    Args:
        scope: Parent.
        id: Id below the parent.
        states: Writes the states of the phase.
        then: What follows.
        storage: Where raw data are, and answers go.
        base_model: Whose rules say which records are worth a question.
        method: What the records are for.
        template: How a row becomes a record.
        enrichment: What the model does.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        states: States,
        then: sfn.IChainable,
        storage: CustomizationStorage,
        base_model: BaseModel,
        method: CustomizationMethod,
        template: RecordTemplate | None,
        enrichment: Enrichment,
    ) -> None:
        super().__init__(scope, id)
        log_bucket = log_bucket_of(method)
        self.function = HandlerFunction(
            self,
            "Enrich",
            handler=Handler.ENRICH_DATA,
            description="Asks a model about the records",
            rights=[
                *storage.reading(storage.data_bucket, INCOMING, RUNS, ANSWERS),
                *(log_bucket.reading() if log_bucket else []),
                *storage.writing(storage.data_bucket, RUNS, ANSWERS),
                Right(
                    actions=["bedrock:InvokeModel"],
                    resources=enrichment.arns(),
                    wildcard_because="an inference profile sends requests to several Regions",
                ),
            ],
            memory_mebibytes=1024,
            timeout_minutes=15,
        )
        self.start = states.invoke(
            "Enrich data",
            self.function,
            {
                "run": "{% $run %}",
                "base_model": base_model.id,
                "method": method.method.value,
                "template": template.to_contract() if template else None,
                "enrichment": enrichment.to_contract(),
                "logs": logs_of(method),
            },
            comment="A model drafts, rewrites or grades answers",
            assign="enrichment",
            retries=[Retry(errors=BUSY_MODEL_ERRORS, interval_seconds=60)],
        )
        """The first state."""
        is_enriched = states.choice(
            "Is everything enriched?", comment="One function call may not be enough"
        )
        is_enriched.when(sfn.Condition.jsonata("{% $not($enrichment.done) %}"), self.start)
        is_enriched.otherwise(then)
        self.start.next(is_enriched)
