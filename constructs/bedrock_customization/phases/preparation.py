"""From raw data to records the base model takes, and a blind test set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from aws_cdk import Size, aws_stepfunctions as sfn

from bedrock_customization._asl import States
from bedrock_customization._checks import check_between
from bedrock_customization._function import HandlerFunction
from bedrock_customization._maps import invoke_each
from bedrock_customization._phase import Phase
from bedrock_customization.dataset import DataSplit, Sharding
from bedrock_customization.method import FineTuning, log_bucket_of, logs_of
from bedrock_customization.phases.enrichment import DataEnrichment
from bedrock_customization.storage import INCOMING, RUNS, SCRATCH
from bedrock_customization_runtime.contract import Handler, PreparationStep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.big_data import BigDataPreparation
    from bedrock_customization.dataset import RecordTemplate, Spark
    from bedrock_customization.enrichment import Enrichment
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization.storage import CustomizationStorage
    from bedrock_customization_runtime.contract import ShardingLimits

SHARDING = Sharding()
# As much as a new account lets a function have; the index of all records is held in it.
_MEMORY_MEBIBYTES = 3008
_SCRATCH = "{% $plan.scratch %}"


class DataPreparation(Phase):
    """Clean, de-duplicate, split and validate raw data against the rules of the base model.

    One function prepares a source; a large one that can be cut is prepared in shards by many.

    Input: `$run`.
    Output: `$preparation` (`contract.Preparation`); `$plan` and `$gathered` besides, with
    enrichment `$enrichment`, by Spark `$billed`.
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
        max_rejected: Share of the records, in [0, 1], that may break a rule and be left out
            before the data set as a whole is refused.
        privacy: What becomes of records with what looks like personal data or secrets: they are
            counted ("flag"), masked, rejected, or nothing is looked for ("off").
        enrichment: A model that adds to the records beforehand; one function prepares them then.
            Without one, they are prepared as they are.
        sharding: When a source is prepared by many functions at once, and how.
            Without it, one function prepares every source.
        spark: When a source is prepared by Spark on EMR Serverless, and how much it may take.
            Without it, functions prepare every source.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: `max_rejected` is out of range, there are both enrichment and a sharding of
            your own or Spark, or the base model is not customized that way.
    """

    title = "DataPreparation"

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
        max_rejected: float = 0.05,
        privacy: Literal["off", "flag", "mask", "reject"] = "flag",
        enrichment: Enrichment | None = None,
        sharding: Sharding | None = SHARDING,
        spark: Spark | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        check_between("max_rejected", max_rejected, 0, 1, "it is a share, 0.05 means one in twenty")
        if enrichment:
            _check_one_function_prepares(sharding, spark)
            sharding = None
        method = method or FineTuning()
        base_model.check_method(method)
        super().__init__(scope, id)
        log_bucket = log_bucket_of(method)
        scratch = [SCRATCH] if sharding or spark else []
        rights = [
            *storage.reading(
                storage.data_bucket, INCOMING, *([RUNS] if enrichment else []), *scratch
            ),
            *storage.reading_media(base_model.facts.methods[method.method]),
            *(log_bucket.reading() if log_bucket else []),
            *storage.uploading(storage.data_bucket, RUNS, *scratch),
            *storage.uploading(storage.blind_bucket, RUNS),
            *storage.reading(storage.artifacts_bucket, RUNS),
            *storage.uploading(storage.artifacts_bucket, RUNS),
        ]
        self.function = HandlerFunction(
            self,
            "Prepare",
            handler=Handler.PREPARE_DATA,
            description="Prepares training, validation and blind records",
            rights=rights,
            memory_mebibytes=_MEMORY_MEBIBYTES,
            timeout_minutes=15,
            ephemeral_storage=Size.gibibytes(10),
        )
        states = States(self, self.title, on_failure=on_failure)
        event = {
            "run": "{% $run %}",
            "base_model": base_model.id,
            "method": method.method.value,
            "template": template.to_contract() if template else None,
            "split": (split or DataSplit()).to_contract(),
            "max_rejected": max_rejected,
            # The contract's default is left out, so that templates without it stay as they are.
            "privacy": None if privacy == "flag" else privacy,
            "enrichment": enrichment.to_contract() if enrichment else None,
            "logs": logs_of(method),
        }
        prepare = states.invoke(
            "Prepare data",
            self.function,
            event,
            comment="Clean, de-duplicate, split and validate the records",
            assign="preparation",
        )
        self._start: sfn.State = prepare
        self._ends: list[sfn.INextable] = [prepare]
        self.big_data: BigDataPreparation | None = None
        """Where Spark runs; None without it."""
        if spark is not None:
            # Imported here: nothing else needs it, and every synth would pay for it.
            from bedrock_customization.big_data import BigDataPreparation  # noqa: PLC0415

            self.big_data = BigDataPreparation(self, "BigData", rights=rights, spark=spark)
        if sharding is not None or spark is not None:
            self._write_choice(states, event, prepare, sharding, spark)
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

    def _write_choice(
        self,
        states: States,
        event: Mapping[str, Any],
        prepare: sfn.CustomState,
        sharding: Sharding | None,
        spark: Spark | None,
    ) -> None:
        """Write the ways of large sources beside that of others."""
        plan = states.invoke(
            "Plan preparation",
            self.function,
            {
                "step": PreparationStep.PLAN,
                "preparation": event,
                "sharding": _limits(sharding, spark),
            },
            comment="Cut a large source into shards",
            assign="plan",
        )
        is_cut = states.choice("Is the source cut?", comment="Small sources take one function")
        if self.big_data:
            run, end = self._write_spark(states, self.big_data)
            is_cut.when(sfn.Condition.jsonata("{% $plan.spark %}"), run)
            self._ends.append(end)
        if sharding:
            examine, finish = self._write_shards(states, sharding)
            is_cut.when(sfn.Condition.jsonata("{% $plan.shards > 0 %}"), examine)
            self._ends.append(finish)
        is_cut.otherwise(prepare)
        plan.next(is_cut)
        self._start = plan

    def _write_spark(
        self, states: States, big_data: BigDataPreparation
    ) -> tuple[sfn.CustomState, sfn.CustomState]:
        """Write the way of the largest sources; return its first and last state."""
        run = states.run_on_emr(
            "Prepare with Spark",
            big_data.request("$plan.scratch"),
            comment="Judge, compare and split the records on many machines",
            rights=big_data.rights_to_run(),
            assign={
                "billed": "{% $exists($states.result.BilledResourceUtilization) ? "
                "$states.result.BilledResourceUtilization : {} %}"
            },
            timeout_seconds=big_data.timeout_seconds,
        )
        read = states.invoke(
            "Read outcome of Spark",
            self.function,
            {
                "step": PreparationStep.READ_OUTCOME,
                "scratch": _SCRATCH,
                "billed": "{% $billed %}",
                "capacity": big_data.capacity,
            },
            comment="What was prepared, or why it was not, and what that has cost",
            assign="preparation",
        )
        run.next(read)
        return run, read

    def _write_shards(
        self, states: States, sharding: Sharding
    ) -> tuple[sfn.DistributedMap, sfn.CustomState]:
        """Write the way of large sources; return its first and last state."""
        examine = self._each(
            states, sharding, PreparationStep.EXAMINE_SHARD, "Examine shards", "Judge every record"
        )
        gather = self._one(
            states,
            PreparationStep.GATHER,
            "Gather shards",
            "Add up what the shards hold",
            assign="gathered",
        )
        sign = self._each(
            states, sharding, PreparationStep.SIGN_SHARD, "Sign shards", "Hash every question"
        )
        compare = self._each(
            states,
            sharding,
            PreparationStep.COMPARE_BUCKET,
            "Compare buckets",
            "Find near-copies among questions with equal hashes",
            count="$gathered.buckets",
        )
        decide = self._one(
            states, PreparationStep.DECIDE, "Decide sides", "Split the records, by cluster"
        )
        divide = self._each(
            states,
            sharding,
            PreparationStep.DIVIDE_SHARD,
            "Divide shards",
            "Leave out what quotes the blind set, sort the rest by side",
        )
        finish = self._one(
            states,
            PreparationStep.FINISH,
            "Finish preparation",
            "Merge and check the sides",
            assign="preparation",
        )
        sfn.Chain.start(examine).next(gather).next(sign).next(compare).next(decide).next(
            divide
        ).next(finish)
        return examine, finish

    def _one(
        self,
        states: States,
        step: PreparationStep,
        name: str,
        comment: str,
        *,
        assign: str | None = None,
    ) -> sfn.CustomState:
        return states.invoke(
            name,
            self.function,
            {"step": step, "scratch": _SCRATCH},
            comment=comment,
            assign=assign,
        )

    def _each(
        self,
        states: States,
        sharding: Sharding,
        step: PreparationStep,
        name: str,
        comment: str,
        *,
        count: str = "$plan.shards",
    ) -> sfn.DistributedMap:
        return invoke_each(
            states,
            name,
            self.function,
            {"step": step, "scratch": _SCRATCH},
            count=count,
            concurrency=sharding.max_concurrency,
            one=name.removesuffix("s"),
            comment=comment,
        )


def _limits(sharding: Sharding | None, spark: Spark | None) -> ShardingLimits:
    """Return which driver prepares a source of which size."""
    if spark is None:
        return (sharding or SHARDING).to_contract()
    if sharding is None:
        # Spark prepares what is cut at all, in shards of the usual size.
        return {
            **SHARDING.to_contract(),
            "above_bytes": spark.above_bytes,
            "spark_above_bytes": spark.above_bytes,
        }
    limits = sharding.to_contract()
    return {
        **limits,
        "above_bytes": min(limits["above_bytes"], spark.above_bytes),
        "spark_above_bytes": spark.above_bytes,
    }


def _check_one_function_prepares(sharding: Sharding | None, spark: Spark | None) -> None:
    """Refuse shards beside enrichment: what a model added is kept by lines of the whole source."""
    if spark is not None:
        raise ValueError(
            f"spark must be left out where there is enrichment, got {spark}: one function prepares "
            "what a model has added to"
        )
    if sharding is not None and sharding is not SHARDING:
        raise ValueError(
            f"sharding must be left out where there is enrichment, got {sharding}: one function "
            "prepares what a model has added to"
        )
