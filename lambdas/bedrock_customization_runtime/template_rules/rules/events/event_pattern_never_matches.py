"""A rule that never fires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import items, mapping, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.intrinsics import Json
    from bedrock_customization_runtime.template_rules.template import Template

_JOB_STATUS = ("Completed", "Failed", "InProgress", "Stopped", "Stopping")
_BATCH_STATUS = (
    "Completed", "Expired", "Failed", "InProgress", "PartiallyCompleted", "Scheduled", "Stopped",
    "Stopping", "Submitted", "Validating",
)  # fmt: skip
_EXECUTION_STATUS = ("ABORTED", "FAILED", "PENDING_REDRIVE", "RUNNING", "SUCCEEDED", "TIMED_OUT")
_EVENTS = {
    "Model Customization Job State Change": ("aws.bedrock", "jobStatus", _JOB_STATUS),
    "Batch Inference Job State Change": ("aws.bedrock", "status", _BATCH_STATUS),
    "Step Functions Execution Status Change": ("aws.states", "status", _EXECUTION_STATUS),
}
"""By detail-type: who sends it, which field tells the state, and what can stand there."""
_MISTAKEN = {"status", "jobStatus", "Status", "JobStatus", "executionStatus", "state"}
"""Fields in which people look for a state."""
_SOURCES = {"aws.bedrock", "aws.states"}


@rule(
    id="event-pattern-never-matches",
    title="an event pattern that no event of Bedrock or Step Functions can match",
    why="a rule that matches nothing is no error anywhere: nobody hears of the job",
    fix="customization jobs say detail.jobStatus, batch inference jobs detail.status, executions "
    "detail.status in capitals",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-eventbridge.html",
)
def event_pattern_never_matches(template: Template) -> Iterator[Found]:
    """Hold patterns against the events that are documented; of others nothing is said."""
    for found in template.of_type("AWS::Events::Rule"):
        pattern = mapping(found.get("EventPattern"))
        for what in _mistakes(pattern):
            yield Found(found, "Properties.EventPattern", what)
            break


def _mistakes(pattern: dict[str, Json]) -> Iterator[str]:
    yield from (f"{name}: []" for name, value in pattern.items() if value == [])
    types = texts(pattern.get("detail-type"))
    known = [name for name in types if name in _EVENTS]
    sources = texts(pattern.get("source"))
    yield from _mistaken_sources(sources, known)
    if "aws.bedrock" in sources:
        looks_like = ("customization", "batch inference")
        for name in types:
            if name not in _EVENTS and any(each in name.lower() for each in looks_like):
                yield f"detail-type {name}"
    # A pattern for several types must only match one of them.
    detail = mapping(pattern.get("detail"))
    if known and len(known) == len(types):
        mistakes = [list(_mistaken_details(name, detail)) for name in known]
        if all(mistakes):
            yield mistakes[0][0]


def _mistaken_sources(sources: list[str], known: list[str]) -> Iterator[str]:
    for source in sources:
        is_near = source.lower() in _SOURCES or source in {"bedrock.amazonaws.com", "bedrock"}
        if source not in _SOURCES and is_near:
            yield f"source {source}"
    if known and sources and not {_EVENTS[name][0] for name in known}.intersection(sources):
        yield f"source {sources[0]} of {known[0]}"


def _mistaken_details(name: str, detail: dict[str, Json]) -> Iterator[str]:
    _, field, states = _EVENTS[name]
    for other in sorted(_MISTAKEN - {field}):
        # Or {"exists": false}, which demands that it is not there.
        if other in detail and not any(
            mapping(each).get("exists") is False for each in items(detail[other])
        ):
            yield f"detail.{other}, which is detail.{field}"
    wanted = items(detail.get(field))
    if field in detail and all(isinstance(each, str) for each in wanted):
        for each in wanted:
            if each in states or "${" in str(each):
                break
        else:
            yield f"detail.{field} {', '.join(map(str, wanted)) or '[]'}"
