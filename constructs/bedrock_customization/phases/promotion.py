"""May the candidate go live?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._access import Right
from bedrock_customization._asl import States
from bedrock_customization._function import HandlerFunction
from bedrock_customization._phase import Phase
from bedrock_customization._retries import Retry
from bedrock_customization.gate import Gate
from bedrock_customization.phases.deployment import CandidateRemoval
from bedrock_customization.storage import BLIND_SETS, PROMOTIONS, RUNS
from bedrock_customization_runtime.contract import ErrorName, Handler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from bedrock_customization.alias import Alias
    from bedrock_customization.phases.approval import ApprovalStep
    from bedrock_customization.storage import CustomizationStorage


class PromotionGate(Phase):
    """Promote a candidate that is really better; take the deployment of any other away.

    The figures are those of the run's manifest. Promotion writes the deployment's ARN to the alias,
    only over the value it read, so of two promotions at once one wins and the other ends as
    `PromotionConflict`.

    Input: `$run`, `$deployment`, and the manifest's evaluation.
    Output: `$decision` (`contract.Decision`).
    Errors: `EvaluationFailed`, `PromotionConflict`, `AliasNotWritten`, `DeploymentBusy`.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where the record of promotions is.
        alias: What is pointed at the candidate.
        removal: Takes the deployment of a candidate away that does not pass.
            Without one, it is defined.
        gate: The rules. Without it, any improvement over the base model beyond chance passes that
            is not worse than the live model.
        approval: Asks people before a candidate that passes goes live. Without it, nobody is asked.
        is_evaluated: Whether the run evaluates its candidate. A copy is not: the gate was where the
            model was customized, so every copy passes this one.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.
    """

    title = "PromotionGate"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        alias: Alias,
        removal: CandidateRemoval | None = None,
        gate: Gate | None = None,
        approval: ApprovalStep | None = None,
        is_evaluated: bool = True,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.decide_function = self._define_decide_function(
            storage, [RUNS, BLIND_SETS] if is_evaluated else [RUNS]
        )
        self.promote_function = self._define_promote_function(storage, alias)
        self.removal = removal or CandidateRemoval(self, "Removal", storage=storage, alias=alias)
        states = States(self, self.title, on_failure=on_failure)
        decide = states.invoke(
            "Decide promotion",
            self.decide_function,
            {"run": "{% $run %}", "gate": (gate or Gate()).to_json()},
            comment="Hold the evaluation against the gate",
            assign="decision",
            retries=[Retry(errors=[ErrorName.MANIFEST_CONFLICT], interval_seconds=5)],
        )
        promote = states.invoke(
            "Promote model",
            self.promote_function,
            {
                "run": "{% $run %}",
                "deployment": "{% $deployment %}",
                "alias_parameter": alias.parameter_name,
            },
            comment="Point the alias at the candidate",
            retries=[Retry(errors=[ErrorName.ALIAS_NOT_WRITTEN], interval_seconds=30)],
        )
        remove = self.removal.remove(states, "Remove rejected candidate")
        may_go_live = states.choice("May it go live?", comment="As the gate decided")
        may_go_live.otherwise(remove)
        decide.next(may_go_live)
        is_live = sfn.Pass.jsonata(self, "Is live", comment=states.comment("The candidate is"))
        # Within, without a way to the failure path: it must not undo a promotion.
        superseded = self.removal.remove_superseded(states.within(), "Remove superseded deployment")
        superseded.add_catch(is_live, errors=["States.ALL"])
        promote.next(superseded).next(is_live)
        next_step: sfn.IChainable = promote
        self.rights = states.rights
        if approval is not None:
            next_step = approval
            is_approved = states.choice("Is it approved?", comment="As people decided")
            is_approved.when(sfn.Condition.jsonata("{% $approval.outcome = 'approved' %}"), promote)
            is_approved.otherwise(remove)
            for last in approval.end_states:
                last.next(is_approved)
            self.rights = [*states.rights, *approval.rights]
        may_go_live.when(sfn.Condition.jsonata("{% $decision.promote %}"), next_step)
        self._start = decide
        self._ends = [is_live, remove]

    def _define_decide_function(
        self, storage: CustomizationStorage, records: Sequence[str]
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Decide",
            handler=Handler.DECIDE_PROMOTION,
            description="Holds an evaluation against the gate",
            rights=[
                *storage.reading(storage.artifacts_bucket, *records),
                *storage.writing(storage.artifacts_bucket, *records),
            ],
        )

    def _define_promote_function(
        self, storage: CustomizationStorage, alias: Alias
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Promote",
            handler=Handler.PROMOTE_MODEL,
            description="Points the alias at a candidate",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS, PROMOTIONS),
                *storage.writing(storage.artifacts_bucket, RUNS, PROMOTIONS),
                Right(actions=["ssm:PutParameter"], resources=[alias.parameter_arn]),
            ],
        )
