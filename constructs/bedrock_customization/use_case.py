"""What a customization is for: the use case, as a value and as a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from bedrock_customization_runtime.contract import (
    KnowledgeChanges,
    MetricName,
    use_case as contract,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UseCase:
    """What a customization is for, what it must show and may cost, decided before it begins.

    A pipeline takes metric, target, margin and budget from it, its manifest keeps it and its report
    repeats it (docs/when-to-tune.md).

    Args:
        task: What the model is to do, for whom.
        metric: What decides.
        owner: Who answers for it, best a team.
        target: The metric from which the task is solved, in (0, 1]. A base model that already meets
            it is not tuned. Without one, nothing but the gate ends a run.
        margin: What the tuned model must surely gain over the base model, in [0, 1). Without one,
            any improvement beyond chance passes.
        max_cost_usd: What a run may cost, in US dollars. Without one, there is no limit.
        knowledge_changes: How often the facts change that right answers rest on. Without it, the
            advice takes none that do.

    Raises:
        ValueError: A field is out of range; the message says which, what fits and what to do.
    """

    task: str
    metric: MetricName
    owner: str
    target: float | None = None
    margin: float | None = None
    max_cost_usd: float | None = None
    knowledge_changes: KnowledgeChanges | None = None

    def __post_init__(self) -> None:
        """Check the fields."""
        contract.check(self.to_contract(), name="use_case")

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a TOML file, such as `use_case.toml` beside `app.py`.

        Args:
            path: Relative ones begin where the app runs.

        Raises:
            ValueError: There is no such file, a field is unknown or missing, or a value does not
                fit.
        """
        file = Path(path)
        try:
            body = file.read_bytes()
        except OSError as error:
            raise ValueError(
                f"use_case must be a file that can be read, got {file}: {error.strerror}: write "
                "one (docs/when-to-tune.md), or mend the path"
            ) from None
        stated = contract.read(body, name=str(file))
        changes = stated.get("knowledge_changes")
        return cls(
            task=stated["task"],
            metric=MetricName(stated["metric"]),
            owner=stated["owner"],
            target=stated.get("target"),
            margin=stated.get("margin"),
            max_cost_usd=stated.get("max_cost_usd"),
            knowledge_changes=None if changes is None else KnowledgeChanges(changes),
        )

    def to_contract(self) -> contract.UseCase:
        """Return what the handlers receive."""
        return {  # type: ignore[return-value] # the same fields; a test pairs them
            name: value.value if isinstance(value, StrEnum) else value
            for name, value in asdict(self).items()
            if value is not None
        }
