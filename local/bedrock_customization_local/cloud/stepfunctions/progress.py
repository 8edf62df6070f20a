"""How far a run has come: what the interpreter goes on from after a redrive."""

from dataclasses import dataclass, field

from bedrock_customization_local.cloud.stepfunctions.language.variables import Variables
from bedrock_customization_local.cloud.untyped import Json


@dataclass(slots=True)
class Progress:
    """How far a list of states has come, and the branches of the state that runs now.

    Args:
        variables: The variables of this list.
        state: The state that runs now; None before the first.
        input: Its input.
        children: The branches of a Parallel state or the iterations of a Map state, once started.
        map_run: The map run of a distributed Map state, once started.
        is_done: Whether the last state has ended.
        output: The output of the last state.
    """

    variables: Variables = field(default_factory=Variables)
    state: str | None = None
    input: Json = None
    children: list["Progress"] = field(default_factory=list)
    map_run: object = None
    is_done: bool = False
    output: Json = None

    def enter(self, state: str, data: Json) -> None:
        """Go on to a state."""
        self.state, self.input = state, data
        self.forget_children()

    def forget_children(self) -> None:
        """Start the branches anew at the next attempt."""
        self.children = []
        self.map_run = None

    def finish(self, output: Json) -> None:
        """Note the end of the last state."""
        self.is_done, self.output = True, output
