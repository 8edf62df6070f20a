"""What stands around the phases of every run: the way of failure, the end, the ways back.

Which phases there are is the pipeline's affair; what befalls a run is the same whatever they are.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._asl import States
from bedrock_customization._function import HandlerFunction
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import SUBJECT, Handler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from bedrock_customization._access import Right
    from bedrock_customization._phase import Phase
    from bedrock_customization.phases.deployment import CandidateRemoval
    from bedrock_customization.storage import CustomizationStorage

_RECORD = "Record"
_NOT_REMOVED = {
    "error": "{% $failure.error %}",
    "phase": "{% $failure.phase %}",
    "redrives": "{% $failure.redrives %}",
    "cause": "{% $failure.cause & '; besides, the deployment of the candidate was not removed: ' & "
    "$states.errorOutput.Error %}",
}
# What Python says of an error of its own may hold what it was working on.
_CAUSE = (
    "($contains($failure.error, /^[A-Za-z]*(Error|Exception)$/) "
    "? 'an unexpected error: see the log of its function' : $substring($failure.cause, 0, 800))"
)
# Each partition has a console of its own.
_LINK = (
    "($arn := $states.context.Execution.Id; $parts := $split($arn, ':'); "
    "$console := $lookup({'aws-cn': 'console.amazonaws.cn', "
    "'aws-us-gov': 'console.amazonaws-us-gov.com'}, $parts[1]); "
    "'\n\nhttps://' & $parts[3] & '.' & ($console ? $console : 'console.aws.amazon.com') & "
    "'/states/home?region=' & $parts[3] & '#/v2/executions/details/' & $arn)"
)


class RunFrame:
    """Writes the states around a pipeline's phases.

    It is no construct, because logical ids derive from paths: what it defines are children of the
    pipeline.

    Args:
        scope: The pipeline.
        storage: Where manifests and reports are.
        topic: Where people hear how a run ended.
        removal: Takes the deployment of a candidate away.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        storage: CustomizationStorage,
        topic: sns.ITopic,
        removal: CandidateRemoval,
    ) -> None:
        self._scope, self._topic, self._removal = scope, topic, removal
        self._record_function = _define_record_function(scope, storage)
        self._written: list[States] = []
        self.on_failed_start: sfn.IChainable
        """Where an error of the first phase goes, after which there is nothing to compensate."""
        self.on_failure = self._write_failure_path()
        """Where errors of all other phases go, with `$failure` assigned."""

    @property
    def rights(self) -> list[Right]:
        """What a state machine's role is allowed for the states written so far."""
        return [right for states in self._written for right in states.rights]

    def enclose(self, start: Phase, *legs: Sequence[Phase]) -> sfn.State:
        """Chain the phases and the end, write where a redriven run goes on, return the first state.

        Args:
            start: What begins a run.
            legs: The rest, in order. A redriven run begins the leg again in which it failed: every
                phase adopts what exists, so most are legs of their own; but a failure takes the
                candidate's deployment away, so what needs it is of one leg with what makes it.
        """
        end = self._write_end()
        phases = [start, *chain.from_iterable(legs)]
        following = [*(phase.start_state for phase in phases[1:]), end]
        for phase, state in zip(phases, following, strict=True):
            for last in phase.end_states:
                last.next(state)
        for leg in legs:
            self._go_on.when(_failed_in(*(phase.title for phase in leg)), leg[0].start_state)
        self._go_on.when(_failed_in(_RECORD), end)
        self._go_on.otherwise(start.start_state)
        return start.start_state

    def _write_failure_path(self) -> sfn.IChainable:
        """Write what every error leads to: compensate, record, notify, fail.

        Each step goes on to the next even if it fails itself, and keeps the first error.
        """
        states = self._states("Failure")
        remove = self._removal.remove(states, "Remove failed candidate")
        record = states.invoke(
            "Record failure",
            self._record_function,
            {"run": "{% $run %}", "failure": "{% $failure %}"},
            comment="Close the manifest and write the report",
        )
        notify = states.publish(
            "Notify failure",
            self._topic,
            # SNS takes no subject of more than 100 characters.
            subject=f"{{% '{SUBJECT}: ' & $substring($failure.error, 0, 70) %}}",
            message="{% 'Run ' & $states.context.Execution.Name & ' of ' & "
            "$states.context.StateMachine.Name & ' ended as ' & $failure.error & ' in ' & "
            f"$failure.phase & ': ' & {_CAUSE} & {_LINK} %}}",
        )
        end = states.invoke(
            "End failed run",
            self._record_function,
            {
                "run": "{% $exists($run) ? $run : null %}",
                "end": "{% $failure %}",
                "redrives": "{% $states.context.Execution.RedriveCount %}",
            },
            comment="The run ends with its first error; a redrive comes back here and goes on",
        )
        self._go_on = states.choice("Where did it fail?", comment="A redriven run goes on there")
        remove.add_catch(record, errors=["States.ALL"], assign={"failure": _NOT_REMOVED})
        record.add_catch(notify, errors=["States.ALL"])
        notify.add_catch(end, errors=["States.ALL"])
        # A run that never began has no candidate and no manifest.
        self.on_failed_start = notify
        return remove.next(record).next(notify).next(end).next(self._go_on)

    def _write_end(self) -> sfn.State:
        record = self._states(_RECORD, on_failure=self.on_failure).invoke(
            "Record run",
            self._record_function,
            {"run": "{% $run %}"},
            comment="Close the manifest and write the report",
            assign="record",
        )
        # Without a way to the failure path: a topic out of reach must not undo a promotion.
        telling = self._states(_RECORD)
        notify = telling.publish(
            "Notify",
            self._topic,
            subject=f"{{% '{SUBJECT}: ' & $record.status %}}",
            message=f"{{% $record.summary & {_LINK} %}}",
        )
        done = sfn.Succeed.jsonata(
            self._scope,
            "Done",
            comment=telling.comment("A decision was made"),
            outputs="{% $record %}",
        )
        notify.add_catch(done, errors=["States.ALL"])
        record.next(notify).next(done)
        return record

    def _states(self, title: str, *, on_failure: sfn.IChainable | None = None) -> States:
        states = States(self._scope, title, on_failure=on_failure)
        self._written.append(states)
        return states


def _define_record_function(scope: Construct, storage: CustomizationStorage) -> HandlerFunction:
    artifacts = storage.artifacts_bucket
    return HandlerFunction(
        scope,
        "RecordRun",
        handler=Handler.RECORD_RUN,
        description="Closes a run's manifest and writes its report",
        rights=[*storage.reading(artifacts, RUNS), *storage.writing(artifacts, RUNS)],
    )


def _failed_in(*titles: str) -> sfn.Condition:
    return sfn.Condition.jsonata(f"{{% $failure.phase in {list(titles)} %}}")
