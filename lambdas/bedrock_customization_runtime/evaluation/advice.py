"""Whether to tune, and if not, what first: rules over measured figures, each with a threshold.

Tuning teaches form and habit from examples; it does not mend a prompt, does not keep facts fresh,
and cannot be shown to help by a test that is too small. docs/when-to-tune.md says where each
threshold comes from. Nothing here guesses: a rule whose figures are missing does not speak.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import KnowledgeChanges
from bedrock_customization_runtime.datasets import power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FASTER_THAN_RUNS = frozenset({KnowledgeChanges.DAILY, KnowledgeChanges.WEEKLY})
"""Facts that change so often are stale when a model that learned them goes live."""
LABEL_EXAMPLES = 10
"""With fewer training records, a label has two or three blind ones: nobody can see if it fails."""
_NO_EFFECT = 0.001
"""A tenth of a point takes two million blind records."""


class Verdict(StrEnum):
    """What to do."""

    TUNE = "tune"
    DO_NOT_TUNE = "do not tune"
    PROMPT_FIRST = "prompt first"
    RETRIEVAL_FIRST = "retrieval first"
    MORE_DATA_FIRST = "more data first"
    EVALUATE_BETTER_FIRST = "evaluate better first"
    MEASURE_FIRST = "measure first"


class Rule(StrEnum):
    """The rules, in the order in which they decide; those of the last line only remark."""

    TARGET_MET = "target-met"
    NO_ROOM = "no-room"
    FACTS_CHANGE = "facts-change"
    TARGET_IN_REACH = "target-in-reach"
    WRONG_FORM = "wrong-form"
    BLIND_SET_TOO_SMALL = "blind-set-too-small"
    FEW_RECORDS = "few-records"
    NOT_MEASURED = "not-measured"
    ROOM_TO_GAIN = "room-to-gain"
    EXAMPLES_HELP = "examples-help"
    EXAMPLES_DO_NOT_HELP = "examples-do-not-help"
    RARE_LABELS = "rare-labels"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What the base model reached in one way of asking.

    Args:
        value: Mean score, in [0, 1].
        interval: Its 95 % interval.
        format_failures: Share of the answers that are not of the form the references have.
    """

    value: float
    interval: tuple[float, float]
    format_failures: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What the base model reached on the validation set.

    Args:
        zero_shot: Asked as a tuned model will be.
        few_shot: Asked with examples in front; None where no training record makes one.
        examples: How many stood in front of each question.
        gain: 95 % interval of the paired difference, few-shot minus zero-shot.
    """

    zero_shot: Figure
    few_shot: Figure | None = None
    examples: int = 0
    gain: tuple[float, float] | None = None

    @property
    def ways(self) -> list[tuple[str, Figure]]:
        """Each way of asking, the best first, with its name for people."""
        found = [("zero-shot", self.zero_shot)]
        if self.few_shot is not None:
            found.append((f"with {_examples(self.examples)}", self.few_shot))
        return sorted(found, key=lambda way: -way[1].value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known.

    Args:
        metric: Title of the metric.
        training_records: How many.
        blind_records: How many.
        minimum_detectable_effect: Smallest difference that the blind set shows with 80 % power.
        min_improvement: What the gate asks the tuned model to surely gain.
        target: The metric from which the task is solved.
        measured: Of the base model; None where nobody asked it.
        advised_records: Fewer training records than this train the base model poorly; None where no
            source says so.
        label_counts: Training records by label, where answers are labels.
        knowledge_changes: What the use case states.
    """

    metric: str
    training_records: int
    blind_records: int
    minimum_detectable_effect: float
    min_improvement: float = 0.0
    target: float | None = None
    measured: Measured | None = None
    advised_records: int | None = None
    label_counts: Mapping[str, int] = field(default_factory=dict)
    knowledge_changes: KnowledgeChanges | None = None

    @property
    def ways(self) -> list[tuple[str, Figure]]:
        """Each way of asking that was measured, the best first, with its name for people."""
        return [] if self.measured is None else self.measured.ways

    @property
    def needed(self) -> float:
        """True gain with which a tuned model passes the gate in four of five runs."""
        return self.min_improvement + self.minimum_detectable_effect


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """What a rule says, with its figures."""

    rule: Rule
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """What to do, and why: the first reason decided, the others are worth knowing."""

    verdict: Verdict
    reasons: list[Reason]


def advise(evidence: Evidence) -> Advice:
    """Return what the figures say: the first rule that applies decides."""
    found = [
        (verdict, Reason(rule=rule, message=message))
        for rule, verdict, apply in _RULES
        if (message := apply(evidence)) is not None
    ]
    return Advice(
        verdict=found[0][0],
        reasons=[*(reason for _, reason in found), *_remarks(evidence)],
    )


def meets_target(evidence: Evidence) -> bool:
    """Return whether the base model surely meets the target already."""
    return _target_met(evidence) is not None


def _target_met(known: Evidence) -> str | None:
    target = known.target
    if target is None:
        return None
    sure = [(name, one) for name, one in known.ways if one.interval[0] >= target]
    if not sure:
        return None
    name, figure = sure[0]
    return (
        f"the base model reaches {_figure(known, figure)} {name}, at least "
        f"{_percent(figure.interval[0])} with 95 % confidence, and the target is "
        f"{_percent(target)}: use it as it is"
    )


def _no_room(known: Evidence) -> str | None:
    margin = known.min_improvement
    if known.measured is None or margin == 0:
        return None
    figure = known.measured.zero_shot
    if figure.interval[0] < 1 - margin:
        return None
    return (
        f"the base model reaches {_figure(known, figure)}, at least "
        f"{_percent(figure.interval[0])}, so not even a perfect model could gain the "
        f"{_points(margin)} that the gate asks for: lower the margin, or use the base model"
    )


def _facts_change(known: Evidence) -> str | None:
    if known.knowledge_changes not in FASTER_THAN_RUNS:
        return None
    return (
        f"the use case states that the facts change {known.knowledge_changes}, faster than a model "
        "is trained, compared and approved: let it look them up (retrieval) when it is asked"
    )


def _target_in_reach(known: Evidence) -> str | None:
    if known.target is None or not known.ways or meets_target(known):
        return None
    name, figure = known.ways[0]
    if figure.value < known.target:
        return None
    return (
        f"{name} the base model reaches {_figure(known, figure)} where the target is "
        f"{_percent(known.target)}, though its 95 % interval begins at "
        f"{_percent(figure.interval[0])}: work on the prompt and measure on more records, neither "
        "of which costs a job"
    )


def _wrong_form(known: Evidence) -> str | None:
    if known.target is None or not known.ways:
        return None
    name, figure = known.ways[0]
    reachable = figure.value + figure.format_failures
    if figure.value >= known.target or reachable < known.target:
        return None
    return (
        f"{name} {_percent(figure.format_failures)} of the answers do not have the form of the "
        f"references; with the right form the base model could reach {_percent(reachable)}, the "
        f"target is {_percent(known.target)}: state the form in the prompt, or have it enforced "
        "by a tool's schema"
    )


def _blind_set_too_small(known: Evidence) -> str | None:
    effect, margin = known.minimum_detectable_effect, known.min_improvement
    shown = (
        f"the {known.blind_records:,} blind records show a difference from {_points(effect)} on "
        "with 80 % power"
    )
    if known.measured is None:
        if margin == 0 or effect <= margin:
            return None
        return (
            f"{shown}, and the margin is {_points(margin)}: a model that gains twice the margin "
            f"would still be refused in more than one of five runs; {_more_blind_records(margin)}"
        )
    figure, target = known.measured.zero_shot, known.target
    aim, name = (1.0, "a perfect model") if target is None else (target, "the target")
    room = aim - figure.value
    if known.needed <= room or (target is not None and room <= 0):
        return None
    asked = f", and the gate asks for {_points(margin)} besides" if margin else ""
    return (
        f"{shown}{asked}, but from the base model's {_figure(known, figure)} to {name} "
        f"there are only {_points(room)}: the gate would miss a model that gains them all; "
        f"{_more_blind_records(room - margin)}"
    )


def _more_blind_records(effect: float) -> str:
    if effect < _NO_EFFECT:
        return "lower the margin"
    return f"about {power.records_to_show(effect):,} blind records would show it"


def _few_records(known: Evidence) -> str | None:
    advised = known.advised_records
    if advised is None or known.training_records >= advised:
        return None
    return (
        f"{known.training_records:,} training records, and at least {advised:,} are advised for "
        "the base model: collect more, or let a model draft them (docs/enrichment.md)"
    )


def _not_measured(known: Evidence) -> str | None:
    if known.measured is not None:
        return None
    return (
        "nobody has asked the base model yet, so whether it meets the target without tuning is "
        "not known: give the pipeline the use case or a target, and it measures before a job is "
        "paid"
    )


def _room_to_gain(known: Evidence) -> str | None:
    if known.measured is None:
        return None
    figure, target = known.measured.zero_shot, known.target
    aim, name = (1.0, "a perfect score") if target is None else (target, "the target")
    if figure.value >= aim:
        return None
    return (
        f"zero-shot the base model reaches {_figure(known, figure)}, {name} of {_percent(aim)} is "
        f"{_points(aim - figure.value)} away, and the gate passes a true gain from "
        f"{_points(known.needed)} on in four of five runs"
    )


_RULES: tuple[tuple[Rule, Verdict, Callable[[Evidence], str | None]], ...] = (
    (Rule.TARGET_MET, Verdict.DO_NOT_TUNE, _target_met),
    (Rule.NO_ROOM, Verdict.DO_NOT_TUNE, _no_room),
    (Rule.FACTS_CHANGE, Verdict.RETRIEVAL_FIRST, _facts_change),
    (Rule.TARGET_IN_REACH, Verdict.PROMPT_FIRST, _target_in_reach),
    (Rule.WRONG_FORM, Verdict.PROMPT_FIRST, _wrong_form),
    (Rule.BLIND_SET_TOO_SMALL, Verdict.EVALUATE_BETTER_FIRST, _blind_set_too_small),
    (Rule.FEW_RECORDS, Verdict.MORE_DATA_FIRST, _few_records),
    (Rule.NOT_MEASURED, Verdict.MEASURE_FIRST, _not_measured),
    (Rule.ROOM_TO_GAIN, Verdict.TUNE, _room_to_gain),
)


def _remarks(known: Evidence) -> Iterator[Reason]:
    if known.measured is not None and known.measured.gain is not None:
        lower, upper = known.measured.gain
        change = (
            f"{_examples(known.measured.examples)} in the prompt change "
            f"{_in_sentence(known.metric)} by "
            f"{_points(lower)} to {_points(upper)} with 95 % confidence"
        )
        if lower > 0:
            yield Reason(
                rule=Rule.EXAMPLES_HELP,
                message=f"{change}: the model learns the task from examples, and a tuned one sees "
                f"{known.training_records:,} of them",
            )
        else:
            yield Reason(
                rule=Rule.EXAMPLES_DO_NOT_HELP,
                message=f"{change}, which may be nothing: how much {known.training_records:,} "
                "records teach is open",
            )
    rare = [count for count in known.label_counts.values() if count < LABEL_EXAMPLES]
    if rare:
        yield Reason(
            rule=Rule.RARE_LABELS,
            message=f"{len(rare):,} of {len(known.label_counts):,} labels have fewer than "
            f"{LABEL_EXAMPLES} training records, the rarest {min(rare):,}: they are hardly learned "
            "and hardly measured, so collect more of them",
        )


def _examples(count: int) -> str:
    return f"{count} example{'' if count == 1 else 's'}"


def _figure(known: Evidence, figure: Figure) -> str:
    return f"{_percent(figure.value)} {_in_sentence(known.metric)}"


def _in_sentence(title: str) -> str:
    """Return a title as it stands in the middle of a sentence: `accuracy`, but `ROUGE-L`."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _points(difference: float) -> str:
    return f"{difference * 100:.1f} points"
