"""One execution of a state machine: its life from start to end, and from end to redrive."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.stepfunctions.branching import run_inline_map, run_parallel
from bedrock_customization_local.cloud.stepfunctions.errors import (
    Aborted,
    Closed,
    ErrorName,
    Interrupted,
    StateError,
    TimedOut,
)
from bedrock_customization_local.cloud.stepfunctions.faults import StateFaults
from bedrock_customization_local.cloud.stepfunctions.frame import Frame
from bedrock_customization_local.cloud.stepfunctions.history import History, Trail
from bedrock_customization_local.cloud.stepfunctions.interpreter import Interpreter
from bedrock_customization_local.cloud.stepfunctions.language.definition import State, StateList
from bedrock_customization_local.cloud.stepfunctions.language.values import dump, timestamp
from bedrock_customization_local.cloud.stepfunctions.maps.distributed import run_distributed_map
from bedrock_customization_local.cloud.stepfunctions.maps.map_run import MapRun
from bedrock_customization_local.cloud.stepfunctions.maps.objects import ObjectStore
from bedrock_customization_local.cloud.stepfunctions.maps.result_writer import ChildResult
from bedrock_customization_local.cloud.stepfunctions.progress import Progress
from bedrock_customization_local.cloud.stepfunctions.scope import Scope
from bedrock_customization_local.cloud.stepfunctions.task import TaskCaller, failure
from bedrock_customization_local.cloud.stepfunctions.task_state import TaskRunner
from bedrock_customization_local.cloud.stepfunctions.tokens import TaskTokens
from bedrock_customization_local.cloud.untyped import Json

if TYPE_CHECKING:
    from datetime import datetime

_log = logging.getLogger(__name__)

EXPRESS_SECONDS: Final = 300
"""How long an Express execution may run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blueprint:
    """What an execution runs. It stays as it was at the start, whatever happens to the machine.

    Args:
        state_machine_arn: The machine.
        name: The machine's name.
        states: Its definition.
        role_arn: Whose permissions its tasks have.
        is_express: Whether it is an Express machine.
        definition: Its definition as text.
        version_arn: The version that was started, if any.
        alias_arn: The alias that was started, if any.
        settings: What else the API says of the machine, such as its logging configuration.
    """

    state_machine_arn: str
    name: str
    states: StateList
    role_arn: str
    is_express: bool = False
    definition: str = ""
    version_arn: str | None = None
    alias_arn: str | None = None
    settings: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What executions need of the world.

    Args:
        clock: Shortens waits.
        call_task: Does what Task states ask for.
        tokens: The tasks that wait for a token.
        objects: Where distributed Map states read and write; None if there is no such place.
        region: The Region of history events.
        on_status_change: Told each time the status of an execution changes.
        on_map_run: Told of each map run that begins.
        check_right: Raises `StateError` if a role may not call an operation of Step Functions.
        faults: Task states that fail on demand.
    """

    clock: Clock
    call_task: TaskCaller
    tokens: TaskTokens = field(default_factory=TaskTokens)
    objects: ObjectStore | None = None
    region: str = "us-east-1"
    on_status_change: "Callable[[Execution], None]" = lambda _execution: None
    on_map_run: Callable[[MapRun], None] = lambda _map_run: None
    check_right: Callable[[str, str, Mapping[str, Json]], None] = lambda *_: None
    faults: StateFaults = field(default_factory=StateFaults)


class Execution:
    """One execution.

    A redrive goes on in the state that failed, with its input and the variables as they were, and
    in the branches, iterations and child executions that did not succeed. Simplified against AWS:
    the failed state is entered again in the history, and nothing expires after 14 days.

    Args:
        arn: Its ARN.
        blueprint: What it runs.
        data: Its input.
        surroundings: What it needs of the world.
        map_run_arn: The map run it belongs to, if any.
        item_count: How many items of the map run it works on.
    """

    def __init__(
        self,
        *,
        arn: str,
        blueprint: Blueprint,
        data: Json,
        surroundings: Surroundings,
        map_run_arn: str | None = None,
        item_count: int = 0,
    ) -> None:
        self.arn = arn
        self.name = arn.rsplit(":", 1)[1]
        self.blueprint = blueprint
        self.input = data
        self.map_run_arn = map_run_arn
        self.item_count = item_count
        self.history = History(surroundings.clock)
        self.map_runs: list[MapRun] = []
        self.started = surroundings.clock.now()
        self.stopped: datetime | None = None
        self.status = "PENDING" if map_run_arn else "RUNNING"
        self.output: Json = None
        self.error: str | None = None
        self.cause: str | None = None
        self.crash: Exception | None = None
        self.redrives = 0
        self.redriven: datetime | None = None
        self._surroundings = surroundings
        self._progress = Progress()
        self._trail = Trail(self.history)
        self._lock = Lock()
        self._ended = Event()
        self._scope = Scope(surroundings.clock)

    def start(self) -> None:
        """Run on a thread of its own."""
        Thread(target=self.run, daemon=True, name=self.arn).start()

    def run(self, scope: Scope | None = None) -> None:
        """Run to the end on this thread; a second call goes on from where the first one failed.

        Args:
            scope: What it is a part of; None for nothing.
        """
        if self.stopped is not None:
            self._redrive()
        limit = self.blueprint.states.body.get("TimeoutSeconds")
        if self.blueprint.is_express:
            limit = min(limit or EXPRESS_SECONDS, EXPRESS_SECONDS)
        with self._lock:
            aborted, self._scope = (
                self._scope,
                Scope(self._surroundings.clock, parent=scope, timeout=limit, expired=TimedOut),
            )
        try:
            aborted.check()
            self._begin()
            self._end("SUCCEEDED", self._interpret())
        except StateError as error:
            self._end("FAILED", error=error.error, cause=error.cause)
        except TimedOut:
            self._end("TIMED_OUT")
        except Closed:
            self._ended.set()
        except Aborted as reason:
            self._end("ABORTED", error=reason.error, cause=reason.cause)
        except Interrupted:
            self._end("ABORTED")
        except Exception as error:  # noqa: BLE001 - told in `crash`, and the run must end
            # A fault of the interpreter or of what it calls: the run must end all the same.
            _log.exception("the execution %s ended by a fault of the embedded AWS", self.arn)
            self.crash = error
            self._end("FAILED", error=ErrorName.RUNTIME, cause=f"{type(error).__name__}: {error}")

    def abort(self, error: str | None = None, cause: str | None = None) -> None:
        """End it, as StopExecution does, and wait until it has ended."""
        with self._lock:
            self._scope.cancel(Aborted(error, cause))
        self._ended.wait()

    def close(self) -> None:
        """End it because the embedded AWS goes down."""
        with self._lock:
            self._scope.cancel(Closed())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for its end, in real seconds, and tell whether it has come."""
        return self._ended.wait(timeout)

    def result(self) -> ChildResult:
        """Return how it ended."""
        return ChildResult(
            arn=self.arn,
            name=self.name,
            state_machine_arn=self.blueprint.state_machine_arn,
            status=self.status,
            started=self.started,
            stopped=self.stopped or self.started,
            input=self.input,
            output=self.output,
            error=self.error,
            cause=self.cause,
            redrives=self.redrives,
        )

    def redrive(self) -> None:
        """Go on from where it failed, on a thread of its own."""
        self._redrive()
        self.start()

    def _redrive(self) -> None:
        with self._lock:
            self.redrives += 1
            self.redriven = self._surroundings.clock.now()
            self.status, self.stopped, self.error, self.cause = "RUNNING", None, None, None
            self._scope = Scope(self._surroundings.clock)
            self._ended.clear()

    def _begin(self) -> None:
        self.status = "RUNNING"
        if self.redrives:
            self._trail.add("ExecutionRedriven", {"redriveCount": self.redrives})
        else:
            details = {
                "input": dump(self.input),
                "inputDetails": {"truncated": False},
                "roleArn": self.blueprint.role_arn,
                **_given("stateMachineVersionArn", self.blueprint.version_arn),
                **_given("stateMachineAliasArn", self.blueprint.alias_arn),
            }
            self._trail.add("ExecutionStarted", details)
            # AWS counts the first state from nothing, not from the start.
            self._trail.last = 0
        self._surroundings.on_status_change(self)

    def _interpret(self) -> Json:
        interpreter = Interpreter(
            tasks=TaskRunner(
                call=self._surroundings.call_task,
                tokens=self._surroundings.tokens,
                region=self._surroundings.region,
                faults=self._surroundings.faults,
            ),
            parallel=run_parallel,
            map=self._run_map,
        )
        frame = Frame(
            scope=self._scope,
            trail=self._trail,
            progress=self._progress,
            context=self._context(),
        )
        return interpreter.run(self.blueprint.states, self.input, frame)

    def _context(self) -> dict[str, Json]:
        execution: dict[str, Json] = {
            "Id": self.arn,
            "Input": self.input,
            "Name": self.name,
            "RoleArn": self.blueprint.role_arn,
            "StartTime": timestamp(self.started),
            "RedriveCount": self.redrives,
        }
        if self.redriven is not None:
            execution["RedriveTime"] = timestamp(self.redriven)
        return {
            "Execution": execution,
            "StateMachine": {
                "Id": self.blueprint.state_machine_arn,
                "Name": self.blueprint.name,
            },
        }

    def _run_map(self, interpreter: Interpreter, state: State, data: Json, frame: Frame) -> Json:
        if not state.is_distributed:
            return run_inline_map(interpreter, state, data, frame)
        return run_distributed_map(state, data, frame, self._surroundings.objects, self)

    def check_right(self, operation: str, parameters: Mapping[str, Json]) -> None:
        """Check that the role may call an operation of Step Functions.

        Raises:
            StateError: It may not.
        """
        self._surroundings.check_right(self.blueprint.role_arn, operation, parameters)

    def start_map_run(self, map_run: MapRun) -> None:
        """Note a map run that begins."""
        self.map_runs.append(map_run)
        self._surroundings.on_map_run(map_run)

    def child(self, state: State, map_run_arn: str, data: Json, items: int) -> "Execution":
        """Return a child execution of a distributed Map state, not started.

        Args:
            state: The Map state.
            map_run_arn: The map run it belongs to.
            data: Its input.
            items: How many items it works on.
        """
        assert state.processor is not None  # noqa: S101 - validation saw to it
        label = map_run_arn.rsplit("/", 1)[1].rsplit(":", 1)[0]
        config = state.processor.body.get("ProcessorConfig", {})
        own = self.blueprint
        return Execution(
            arn=f"{self.arn.rsplit(':', 1)[0]}/{label}:{uuid4()}",
            blueprint=Blueprint(
                state_machine_arn=f"{own.state_machine_arn}/{label}",
                name=f"{own.name}/{label}",
                states=state.processor,
                role_arn=own.role_arn,
                is_express=config.get("ExecutionType") == "EXPRESS",
            ),
            data=data,
            surroundings=self._surroundings,
            map_run_arn=map_run_arn,
            item_count=items,
        )

    def _end(
        self, status: str, output: Json = None, error: str | None = None, cause: str | None = None
    ) -> None:
        details: Json = failure(StateError(error, cause)) if error is not None else {}
        if status == "SUCCEEDED":
            details = {"output": dump(output), "outputDetails": {"truncated": False}}
        kind = "".join(word.capitalize() for word in status.split("_"))
        self._trail.add(f"Execution{kind}", details)
        with self._lock:
            self.output, self.error, self.cause = output, error, cause
            self.stopped = self._surroundings.clock.now()
            self.status = status
        self._surroundings.on_status_change(self)
        self._ended.set()


def _given(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}
