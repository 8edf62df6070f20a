"""Which models may judge in an evaluation job, by the user guide, and what a judgement reads."""

from dataclasses import dataclass
from functools import cache

from bedrock_customization_runtime.catalog.base_models import split_profile
from bedrock_customization_runtime.catalog.tables import judges_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Judges:
    """Facts of judges."""

    built_in: frozenset[str]
    """Foundation models that may judge by Bedrock's own metrics."""
    custom: frozenset[str]
    """Likewise, by metrics of the user's own."""
    as_of: str
    """Day on which the lists were last compared with their source."""
    instruction_tokens: int
    """That a judgement reads beside the texts, as estimates assume; likewise the next."""
    explanation_tokens: int
    """That it writes."""

    def lists(self, model_id: str, *, built_in: bool, custom: bool) -> bool:
        """Return whether the user guide lists a model as a judge of these kinds of metrics.

        Args:
            model_id: Id or ARN of a foundation model or of an inference profile.
            built_in: Whether Bedrock's own metrics are wanted.
            custom: Whether others are.
        """
        _, name = split_profile(model_id)
        return (not built_in or name in self.built_in) and (not custom or name in self.custom)


@cache
def judges() -> Judges:
    """Return the facts of judges."""
    table = judges_table()
    return Judges(
        built_in=frozenset(table["built_in"]),
        custom=frozenset(table["custom"]),
        as_of=str(table["as_of"]),
        instruction_tokens=table["instruction_tokens"],
        explanation_tokens=table["explanation_tokens"],
    )
