"""The pages of the phases, drawn and listed from templates: states, rights, functions, costs.

Synthesizing takes seconds, so `docs/generate.py` writes these pages and the tests of the site, not
those of the library, compare them.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import phase_rights
import showcase
import state_pictures
from api_reference import linked
from markdown_tables import table
from state_pictures import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from showcase import Shown

    from bedrock_customization._phase import Phase

HERE = Path(__file__).parent
ROOMS = HERE / "images" / "rooms.dot"
PICTURES = HERE / "images" / "states"
_BESIDES = (
    "What a phase gives the state machine is a part of that one role. Besides, the role of each "
    "function may write its log and its traces."
)


@dataclass(frozen=True, slots=True)
class Variant:
    """A phase as one pipeline has it.

    Args:
        heading: What tells it from the others; nothing for the plain one.
        pipeline: Which pipeline.
        parts: By which the pipeline names the phase, and what belongs to it.
        title: What the phase's states begin their comments with.
        below: Text under the picture.
    """

    heading: str
    pipeline: Callable[[], Shown]
    parts: str
    title: str
    below: str = ""

    def phases(self) -> list[Phase]:
        """Return the constructs."""
        return [getattr(_shown(self.pipeline).pipeline, name) for name in self.parts.split()]


@dataclass(frozen=True, slots=True)
class Guide:
    """What a page on a phase says that no template knows.

    Args:
        page: Name of the page and its pictures.
        reads: Where it is explained, in Markdown.
        bills: What AWS charges for it.
        variants: As which pipelines have it, the plain one first.
    """

    page: str
    reads: str
    bills: str
    variants: tuple[Variant, ...]


GUIDES = (
    Guide(
        "data-preparation",
        "[Data preparation](../data-preparation.md), [enrichment](../enrichment.md)",
        "Functions, by the millisecond, and 15 days of scratch where a source was cut: "
        "[what that comes to](../data-preparation.md#what-it-costs). With enrichment the tokens of "
        "its model, up to its `max_cost_usd`.",
        (
            Variant("", showcase.plain, "preparation", "DataPreparation"),
            Variant(
                "With enrichment",
                showcase.enriched,
                "preparation",
                "DataPreparation",
                "A source is one object then, which one function prepares.",
            ),
        ),
    ),
    Guide(
        "baseline-measurement",
        "[When to tune](../when-to-tune.md#the-baseline)",
        "The base model's tokens for at most 500 questions, each asked twice: `baseline input` and "
        "`baseline output` of the [estimate](../costs.md).",
        (Variant("", showcase.targeted, "baseline", "BaselineMeasurement"),),
    ),
    Guide(
        "model-customization",
        "[Customization](../customization.md), [sweeps](../sweeps.md), [graders](../graders.md)",
        "The tokens of the training set in each epoch, of a sweep for each candidate, and the "
        "storage of the custom model by the month: [costs](../costs.md). `max_cost_usd` is held "
        'against the whole run here, in "Plan customization" or "Propose candidates".',
        (
            Variant("", showcase.plain, "customization", "ModelCustomization"),
            Variant("With a sweep", showcase.swept, "customization", "ModelCustomization"),
            Variant(
                "Reinforcement fine-tuning",
                showcase.reinforced,
                "customization",
                "ModelCustomization",
                "A function starts the job, because Step Functions' own SDK may not know this kind "
                "of request.",
            ),
        ),
    ),
    Guide(
        "model-deployment",
        "[Deployment](../deployment.md)",
        "On demand nothing while idle; provisioned throughput by the hour and model unit until it "
        "is deleted.",
        (
            Variant("", showcase.plain, "deployment", "ModelDeployment"),
            Variant(
                "On provisioned throughput", showcase.provisioned, "deployment", "ModelDeployment"
            ),
        ),
    ),
    Guide(
        "model-evaluation",
        "[The blind test](../evaluation.md), [metrics](../metrics.md), [judging](../judging.md)",
        "The tokens of every model that answers, and of the judge. On model units the candidate's "
        "are paid already.",
        (
            Variant("", showcase.plain, "evaluation", "ModelEvaluation"),
            Variant("With a judge", showcase.judged, "evaluation", "ModelEvaluation"),
        ),
    ),
    Guide(
        "promotion-gate",
        "[Gate, approval, alias and rollback](../promotion.md)",
        "Nothing. What becomes live goes on as it was deployed; what does not is taken away.",
        (
            Variant("", showcase.plain, "gate", "PromotionGate"),
            Variant(
                "With approval",
                showcase.approved,
                "gate approval",
                "PromotionGate",
                "What asks and waits is `ApprovalStep`, a part of the gate.",
            ),
        ),
    ),
    Guide(
        "model-import",
        "[Importing a model](../model-import.md)",
        "The import is free. What answers is billed by the minute and copy from its first answer "
        "on, what is stored by the month: [what it costs](../model-import.md#what-it-costs).",
        (Variant("", showcase.imported, "model_import", "ModelImport"),),
    ),
    Guide(
        "custom-model-creation",
        "[Amazon Nova that SageMaker AI has trained]"
        "(../model-import.md#amazon-nova-that-sagemaker-ai-has-trained)",
        "No document names a price of the creation. The custom model is stored by the month.",
        (Variant("", showcase.created, "model_import", "CustomModelCreation"),),
    ),
    Guide(
        "model-copy",
        "[Other accounts and Regions](../multi_account.md)",
        "The copy is stored by the month.",
        (Variant("", showcase.copied, "model_copy", "ModelCopy"),),
    ),
)


def pages() -> dict[Path, str]:
    """Return the pages of the phases and what they should hold."""
    return {
        HERE / "phases.md": _overview(),
        HERE / "phases" / "run.md": _run(),
        **{HERE / "phases" / f"{guide.page}.md": _page(guide) for guide in GUIDES},
    }


def pictures() -> dict[Path, Picture]:
    """Return the files of pictures and what they should show."""
    states, start = _plain_states()
    drawn = {
        ROOMS.with_suffix(".svg"): Picture(ROOMS.read_text()),
        PICTURES / "road.svg": state_pictures.of_road(states, start),
        PICTURES / "start.svg": state_pictures.of_phase(states, "Start"),
        PICTURES / "end.svg": state_pictures.of_phase(states, "Record"),
        PICTURES / "failure.svg": state_pictures.of_phase(states, state_pictures.FAILURE),
    }
    for guide in GUIDES:
        for number, variant in enumerate(guide.variants):
            states = _shown(variant.pipeline).definition["States"]
            drawn[_file(guide, number)] = state_pictures.of_phase(states, variant.title)
    return drawn


def _overview() -> str:
    rows = []
    for guide in GUIDES:
        (plain, *_) = guide.variants
        construct = type(plain.phases()[0])
        summary = (inspect.getdoc(construct) or "").partition("\n")[0]
        rows.append([f"[{construct.__name__}](phases/{guide.page}.md)", summary, guide.bills])
    bills = [[name, does, cost.replace("](../", "](")] for name, does, cost in rows]
    return "\n".join(
        [
            "# Phases",
            "",
            "A run is one execution of a state machine, and the machine is a chain of phases, each",
            "a construct. The chain of a `CustomizationPipeline` with nothing but a base model:",
            "",
            "![The phases of a run](images/states/road.svg)",
            "",
            "Pictures, states, rights and functions here come from synthesized templates. Beside",
            "the phases there is [how a run begins, ends and fails](phases/run.md).",
            "",
            *table(["phase", "what it does", "what it costs"], bills),
            "",
        ]
    )


def _run() -> str:
    shown = _shown(showcase.plain)
    states, _ = _plain_states()
    pipeline = shown.pipeline
    functions = [
        row
        for name in ("RunStart", "RecordRun", "CandidateRemoval")
        for row in phase_rights.function_rows(shown, pipeline.node.find_child(name))
    ]
    rights = [
        *phase_rights.of_phase(shown, pipeline.start),
        *phase_rights.of_roles(shown, pipeline.node.find_child("RecordRun")),
        *phase_rights.of_roles(shown, pipeline.node.find_child("CandidateRemoval")),
    ]
    return "\n".join(
        [
            "# How a run begins, ends and fails",
            "",
            "Around its phases every run has the same states. In a machine of your own, `RunStart`",
            "is the first phase, and the rest is yours to write.",
            "",
            "## The beginning",
            "",
            "![The state that begins a run](../images/states/start.svg)",
            "",
            "## The end",
            "",
            "![The states that end a run](../images/states/end.svg)",
            "",
            "## The way of failure",
            "",
            "Every error of a phase leads here, after the retries of its state. Each step goes",
            "on to the next even if it fails itself, and the run ends with its first error. A",
            'redriven run comes back to "End failed run" and goes on in the phase that failed.',
            "",
            "![The states of a run that fails](../images/states/failure.svg)",
            "",
            "## All states",
            "",
            *_states_table(states, ("Start", "Record", state_pictures.FAILURE)),
            "",
            "[RunCleanup](../reference/api.md#runcleanup) follows an execution that is aborted,",
            "times out or fails of what no state can catch: it hears of that by an event.",
            "",
            "## Who may do what",
            "",
            _BESIDES,
            "",
            *_rights_table(rights),
            "",
            "## Functions",
            "",
            *_functions_table(functions),
            "",
        ]
    )


def _page(guide: Guide) -> str:
    (plain, *_) = guide.variants
    construct = type(plain.phases()[0])
    name = construct.__name__
    lines = [
        f"# {name}",
        "",
        _described(construct),
        "",
        f"Guide: {guide.reads}. Parameters: [API](../reference/api.md#{name.lower()}).",
        "",
        "## States",
        "",
        *_states(guide, 0),
    ]
    for number in range(1, len(guide.variants)):
        lines += ["", f"### {guide.variants[number].heading}", "", *_states(guide, number)]
    lines += ["", *_rights(guide), "", *_functions(guide)]
    lines += ["", "## What it costs", "", guide.bills, ""]
    return "\n".join(lines)


def _states(guide: Guide, number: int) -> list[str]:
    variant = guide.variants[number]
    shown = _shown(variant.pipeline)
    name = _file(guide, number).relative_to(HERE).as_posix()
    heading = f" {variant.heading[0].lower()}{variant.heading[1:]}" if variant.heading else ""
    return [
        f"![States of {type(variant.phases()[0]).__name__}{heading}](../{name})",
        "",
        *([variant.below, ""] if variant.below else []),
        *_states_table(shown.definition["States"], (variant.title,)),
    ]


def _states_table(states: state_pictures.States, titles: tuple[str, ...]) -> list[str]:
    return table(
        ["state", "who", "what"],
        [
            [name, state_pictures.kind_of(state).replace("\n", ", "), _said(state["Comment"])]
            for title in titles
            for name, state in state_pictures.in_order(states)
            if state_pictures.title_of(state) == title
        ],
    )


def _rights(guide: Guide) -> list[str]:
    """Say who may do what in the plain phase, and what else in the others."""
    lines = ["## Who may do what", "", _BESIDES]
    known: list[phase_rights.Granted] = []
    for variant in guide.variants:
        shown = _shown(variant.pipeline)
        rights = [
            right for each in variant.phases() for right in phase_rights.of_phase(shown, each)
        ]
        added = [right for right in rights if right not in known]
        known += added
        heading = [f"### {variant.heading}, besides", ""] if variant.heading else []
        if added:
            lines += ["", *heading, *_rights_table(added)]
    return lines


def _functions(guide: Guide) -> list[str]:
    found: list[list[str]] = []
    for variant in guide.variants:
        shown = _shown(variant.pipeline)
        for phase in variant.phases():
            rows = phase_rights.function_rows(shown, phase)
            found += [row for row in rows if row not in found]
    return ["## Functions", "", *_functions_table(found)] if found else []


def _rights_table(rights: list[phase_rights.Granted]) -> list[str]:
    return table(["role", "may", "on"], phase_rights.rows(rights))


def _functions_table(functions: list[list[str]]) -> list[str]:
    return table(["function", "what it does", "memory", "at most"], functions)


def _described(construct: type) -> str:
    text = (inspect.getdoc(construct) or "").partition("\nArgs:")[0]
    text = re.sub(r"\n(Input|Output|Errors): ", r"\n\n- **\1**: ", text)
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    # A list begins behind an empty line and holds none.
    lines = linked("\n\n".join(paragraphs)).replace("\n\n- ", "\n- ")
    return lines.replace("\n- ", "\n\n- ", 1)


def _said(comment: str) -> str:
    return comment.partition(": ")[2].replace("|", "\\|")


def _file(guide: Guide, number: int) -> Path:
    return PICTURES / f"{guide.page}{f'-{number + 1}' if number else ''}.svg"


def _plain_states() -> tuple[state_pictures.States, str]:
    definition = _shown(showcase.plain).definition
    return definition["States"], definition["StartAt"]


@cache
def _shown(pipeline: Callable[[], Shown]) -> Shown:
    return pipeline()
