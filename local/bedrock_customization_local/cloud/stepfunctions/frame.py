"""Where a run stands: the surroundings in which one list of states is interpreted."""

from collections.abc import Mapping
from dataclasses import dataclass

from bedrock_customization_local.cloud.stepfunctions.history import Trail
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import Sight
from bedrock_customization_local.cloud.stepfunctions.language.definition import State
from bedrock_customization_local.cloud.stepfunctions.language.values import timestamp
from bedrock_customization_local.cloud.stepfunctions.language.variables import Variables
from bedrock_customization_local.cloud.stepfunctions.progress import Progress
from bedrock_customization_local.cloud.stepfunctions.scope import Scope
from bedrock_customization_local.cloud.untyped import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The surroundings of one list of states: a machine, a branch or an iteration.

    Args:
        scope: What can end it early.
        trail: Its line of history events.
        progress: How far it has come.
        context: Its context object; the `State` in it changes from state to state.
    """

    scope: Scope
    trail: Trail
    progress: Progress
    context: dict[str, Json]

    @property
    def sight(self) -> Sight:
        """What expressions can see beside the state's data."""
        return Sight(context=self.context, variables=self.progress.variables)

    def enter(self, state: State) -> None:
        """Note in the context object that a state begins."""
        self.context["State"] = {
            "EnteredTime": timestamp(self.scope.clock.now()),
            "Name": state.name,
            "RetryCount": 0,
        }
        self.context.pop("Task", None)

    def retried(self) -> None:
        """Note in the context object that the state begins again."""
        self.context["State"] = {
            **self.context["State"],
            "RetryCount": self.context["State"]["RetryCount"] + 1,
        }

    def branch(self, progress: Progress, scope: Scope, extra: Mapping[str, Json]) -> "Frame":
        """Return the surroundings of a branch or an iteration.

        Args:
            progress: How far the branch has come.
            scope: What can end it early.
            extra: What its context object has on top, such as `Map`.
        """
        return Frame(
            scope=scope,
            trail=self.trail.fork(),
            progress=progress,
            context={**self.context, **extra},
        )

    def new_children(self, count: int) -> list[Progress]:
        """Return the progress of the state's branches: as far as they came, or at the start."""
        if len(self.progress.children) != count:
            self.progress.children = [
                Progress(variables=Variables(self.progress.variables)) for _ in range(count)
            ]
        return self.progress.children
