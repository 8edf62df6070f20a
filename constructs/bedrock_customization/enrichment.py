"""Value object that says what a model adds to records before they are prepared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization._checks import check_between, check_whole
from bedrock_customization.base_model import arns_for_invocation
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.contract import EnrichmentTask

if TYPE_CHECKING:
    from bedrock_customization_runtime import contract


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrichment:
    """A model that drafts missing answers, rewrites answers, or grades them.

    Every record it is asked about is sent to it. Each answer is kept in the data bucket under a
    hash of its question, so no run pays for it again; the report counts the records it wrote, and
    those of them in the blind set.

    Args:
        model: What Converse takes: the id of a model or of an inference profile, or an ARN.
        task: What it does.
        max_cost_usd: What a run may pay. Before a question could exceed it, the run fails.
        instructions: Further words for the model, such as the form of an answer.
            Without them it is told the task alone, for drafts nothing.
        max_tokens: Limit of an answer, from 1 to 5,000.
        min_score: The lowest grade, from 1 to 5, that a record is kept with.
        input_usd_per_1k_tokens: What the account pays for 1,000 tokens of input.
            Without it, the catalogue's price.
        output_usd_per_1k_tokens: Likewise, of output.

    Raises:
        ValueError: A figure is out of range, or the model's price is not known.
    """

    model: str
    task: EnrichmentTask
    max_cost_usd: float
    instructions: str | None = None
    max_tokens: int = 512
    min_score: int = 3
    input_usd_per_1k_tokens: float | None = None
    output_usd_per_1k_tokens: float | None = None

    def __post_init__(self) -> None:
        """Check the figures, and that a budget can be kept."""
        check_between(
            "max_cost_usd", self.max_cost_usd, 0, 1_000_000, "US dollars that a run may pay"
        )
        check_whole("max_tokens", self.max_tokens, 1, 5000, "an answer has no more room")
        check_whole("min_score", self.min_score, 1, 5, "3 keeps what is at least usable")
        given = (self.input_usd_per_1k_tokens, self.output_usd_per_1k_tokens)
        if None in given and catalog.inference_prices(self.model) is None:
            raise ValueError(
                f"model {self.model} has no price in the catalogue, and without one "
                "max_cost_usd cannot be kept: give input_usd_per_1k_tokens and "
                "output_usd_per_1k_tokens as your account pays them"
            )
        if self.instructions and self.instructions.startswith("{%"):
            raise ValueError(
                "instructions must not start with {%: Step Functions would evaluate them as "
                "JSONata, so put a space in front"
            )

    def arns(self) -> list[str]:
        """Return the ARNs in a policy for whoever asks the model."""
        return arns_for_invocation(self.model)

    def to_contract(self) -> contract.EnrichmentPlan:
        """Return what the handlers receive."""
        plan: contract.EnrichmentPlan = {
            "task": EnrichmentTask(self.task).value,
            "model": self.model,
            "max_tokens": self.max_tokens,
            "max_cost_usd": self.max_cost_usd,
            "min_score": self.min_score,
        }
        if self.instructions:
            plan["instructions"] = self.instructions
        if self.input_usd_per_1k_tokens is not None and self.output_usd_per_1k_tokens is not None:
            plan["input_usd_per_1k_tokens"] = self.input_usd_per_1k_tokens
            plan["output_usd_per_1k_tokens"] = self.output_usd_per_1k_tokens
        return plan
