"""Asking people: events and what states keep of them."""

from typing import Literal, NotRequired, TypedDict, final

from bedrock_customization_runtime.contract.runs import Run


@final
class RequestApprovalInput(TypedDict):
    """Event of `request_approval` that asks."""

    run: Run
    task_token: str
    """By which the execution waits."""
    redrives: int
    timeout_seconds: int
    topic: str
    """ARN of where people are told."""
    page: NotRequired[str]
    """Address of the page; absent where people decide by their credentials alone."""


@final
class ConcludeApprovalInput(TypedDict):
    """Event of `request_approval` that ends the asking, whether anybody decided or not."""

    run: Run
    conclude: Literal[True]


class ApprovalOutcome(TypedDict):
    """What "Conclude approval" returns (`$approval`)."""

    outcome: Literal["approved", "rejected", "expired"]
