"""What all phases are: parts of a state machine that chain like a state."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import jsii
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

if TYPE_CHECKING:
    from bedrock_customization._access import Right


@jsii.implements(sfn.IChainable)
class Phase(Construct):
    """A part of a state machine; one in your own chains it like a state.

    Args:
        scope: Parent.
        id: Id below the parent.
    """

    title: ClassVar[str]
    """What comments of states, and `$failure.phase`, call the phase."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self._id = id
        self._start: sfn.State
        self._ends: list[sfn.INextable]
        self.rights: list[Right]
        """What a state machine's role is allowed for the phase."""

    @property
    @jsii.member(jsii_name="id")
    def id(self) -> str:
        """Name of the phase among chainables."""
        return self._id

    @property
    @jsii.member(jsii_name="startState")
    def start_state(self) -> sfn.State:
        """Where the phase begins."""
        return self._start

    @property
    @jsii.member(jsii_name="endStates")
    def end_states(self) -> list[sfn.INextable]:
        """Where the next part of the machine is chained."""
        return self._ends
