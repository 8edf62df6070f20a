"""The jobs of a sweep in a state machine: round by round, several at a time, and the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._access import NAMED_BY_BEDROCK, Right, bedrock_arn
from bedrock_customization._executions import REDRIVES, RUN_TAG
from bedrock_customization._maps import run_each
from bedrock_customization._retries import BUSY_MODEL_ERRORS, Retry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization._asl import States
    from bedrock_customization._function import HandlerFunction
    from bedrock_customization.phases.customization_job import CustomizationJob
    from bedrock_customization.sweep import Sweep
    from bedrock_customization_runtime import contract

LONGEST_WAIT_SECONDS = 86_400
"""Between two looks at a job. They grow with the time waited, so that eight days of fifteen jobs
leave half of the execution's history of events free."""
DELETING_MODELS = Right(
    actions=["bedrock:DeleteCustomModel"],
    resources=[bedrock_arn("custom-model")],
    wildcard_because=NAMED_BY_BEDROCK,
    conditions={"StringLike": {f"aws:ResourceTag/{RUN_TAG}": "?*"}},
)
"""What the function needs to take the models of losing candidates away: no model but a run's."""


class CustomizationSweep:
    """Writes the states of a sweep.

    Args:
        sweep: How many jobs run at a time.
        plan: What is tried.
        function: The function `customize_model`.
        job: Writes the states of one job.
    """

    def __init__(
        self,
        *,
        sweep: Sweep,
        plan: contract.SweepPlan,
        function: HandlerFunction,
        job: CustomizationJob,
    ) -> None:
        self._sweep, self._plan = sweep, plan
        self._function, self._job = function, job

    def write(
        self, states: States, planning: Mapping[str, Any]
    ) -> tuple[sfn.CustomState, sfn.CustomState]:
        """Write the states, from the first proposal to the choice, and return these two.

        Args:
            states: Writes states.
            planning: What the proposal is told of the job, as without a sweep.
        """
        propose = states.invoke(
            "Propose candidates",
            self._function,
            {**planning, "step": "propose", "sweep": self._plan, "redrives": REDRIVES},
            comment="Look at the candidates so far, choose the next within rounds and money",
            assign="proposal",
        )
        choose = states.invoke(
            "Choose candidate",
            self._function,
            {
                "step": "choose",
                "run": "{% $run %}",
                "base_model": planning["base_model"],
                "method": planning["method"],
                "sweep": self._plan,
            },
            comment="Keep the lowest validation loss, delete the other models",
            assign="customization",
        )
        train = run_each(
            states,
            "Train candidates",
            "{% $proposal.candidates %}",
            self._write_candidate(states.within(failure="trouble")),
            concurrency=self._sweep.max_concurrency,
            comment="A job each; one that fails does not end the others",
        )
        are_left = states.choice(
            "Are there candidates to train?",
            comment="Or is it time to choose",
            assign={"model_wait": 60},
        )
        are_left.when(sfn.Condition.jsonata("{% $count($proposal.candidates) > 0 %}"), train)
        are_left.otherwise(choose)
        train.next(propose)
        propose.next(are_left)
        return propose, choose

    def _write_candidate(self, states: States) -> sfn.IChainable:
        name = sfn.Pass.jsonata(
            states.scope,
            "Name candidate",
            comment=states.comment("What the states of a job read"),
            assign={"job": "{% $states.input %}"},
        )
        record = states.invoke(
            "Record candidate",
            self._function,
            {
                "step": "record-candidate",
                "run": "{% $run %}",
                "job": "{% $job %}",
                "trouble": "{% $exists($trouble) ? $trouble : null %}",
                "redrives": REDRIVES,
            },
            comment="Write how the job ended and what its losses say",
            # Its error would end the other jobs.
            retries=[Retry(errors=BUSY_MODEL_ERRORS, interval_seconds=30)],
        )
        return name.next(self._job.write_candidate(states, record))
