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
    from bedrock_customization.dataset import RecordTemplate
    from bedrock_customization.enrichment import Enrichment
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization.storage import CustomizationStorage

SHARDING = Sharding()
# As much as a new account lets a function have; the index of all records is held in it.
_MEMORY_MEBIBYTES = 3008
_SCRATCH = "{% $plan.scratch %}"


class DataPreparation(Phase):
    """Clean, de-duplicate, split and validate raw data against the rules of the base model.

    One function prepares a source; a large one that can be cut is prepared in shards by many.

    Input: `$run`.
    Output: `$preparation` (`contract.Preparation`); `$plan` and `$gathered` besides, with
    enrichment `$enrichment`.
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
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: `max_rejected` is out of range, there are both enrichment and a sharding of
            your own, or the base model is not customized that way.
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
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        check_between(
            "max_rejected", max_rejected, 0, 1, "it is a share, 0.05 means one in twenty"
        )
        if enrichment:
            _check_no_sharding_of_ones_own(sharding)
            sharding = None
        method = method or FineTuning()
        base_model.check_method(method)
        super().__init__(scope, id)
        log_bucket = log_bucket_of(method)
        self.function = HandlerFunction(
            self,
            "Prepare",
            handler=Handler.PREPARE_DATA,
            description="Prepares training, validation and blind records",
            rights=[
                *storage.reading(
                    storage.data_bucket,
                    INCOMING,
                    *([RUNS] if enrichment else []),
                    *([SCRATCH] if sharding else []),
                ),
                *storage.reading_media(base_model.facts.methods[method.method]),
                *(log_bucket.reading() if log_bucket else []),
                *storage.uploading(storage.data_bucket, RUNS, *([SCRATCH] if sharding else [])),
                *storage.uploading(storage.blind_bucket, RUNS),
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.uploading(storage.artifacts_bucket, RUNS),
            ],
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
        if sharding is not None:
            finish = self._write_shards(states, sharding, event, prepare)
            self._ends.append(finish)
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

    def _write_shards(
        self,
        states: States,
        sharding: Sharding,
        event: Mapping[str, Any],
        prepare: sfn.CustomState,
    ) -> sfn.CustomState:
        """Write the way of large sources beside that of others; return its last state."""
        plan = states.invoke(
            "Plan preparation",
            self.function,
            {
                "step": PreparationStep.PLAN,
                "preparation": event,
                "sharding": sharding.to_contract(),
            },
            comment="Cut a large source into shards",
            assign="plan",
        )
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
        is_cut = states.choice("Is the source cut?", comment="Small sources take one function")
        is_cut.when(sfn.Condition.jsonata("{% $plan.shards > 0 %}"), examine)
        is_cut.otherwise(prepare)
        plan.next(is_cut)
        sfn.Chain.start(examine).next(gather).next(sign).next(compare).next(decide).next(
            divide
        ).next(finish)
        self._start = plan
        return finish

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


def _check_no_sharding_of_ones_own(sharding: Sharding | None) -> None:
    """Refuse shards beside enrichment: what a model added is kept by lines of the whole source."""
    if sharding is not None and sharding is not SHARDING:
        raise ValueError(
            f"sharding must be left out where there is enrichment, got {sharding}: one function "
            "prepares what a model has added to"
        )
