"""What `validate` found, for machines: JSON, SARIF 2.1.0, GitHub's workflow commands.

None of them holds a record: file, line, JSONPath, rule and reason are enough to find it.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import msgspec

from bedrock_customization_local.cli.data.files import STREAM_NAME
from bedrock_customization_local.cli.data.options import MethodChoice
from bedrock_customization_local.cli.workflow_commands import workflow_data, workflow_property
from bedrock_customization_runtime.datasets import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_local.cli.data.validation import Validation

SCHEMA_VERSION = 1
_PACKAGE = "cdk-bedrock-customization"
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_DATA_SET = "data-set"
"""Rule id of what is wrong with a file, or all files, as a whole."""
_RULES = {rule.id: rule for rule in rules.TABLE}


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong with a line, or without a line with a file."""

    file: str
    line: int | None
    rule: str
    severity: Literal["error", "warning"]
    path: str
    """JSONPath into the record, or the name of a column."""
    reason: str
    fix: str


def results(validation: Validation) -> Iterator[Result]:
    """Yield everything that is wrong: every problem of every rejected line, the first warnings."""
    for file in validation.files:
        if file.refusal:
            yield _refused(file.name, file.refusal)
        for line in file.rejected_lines:
            for problem in line.problems:
                yield Result(
                    file=file.name,
                    line=line.line,
                    rule=problem.rule,
                    severity="error",
                    path=problem.path,
                    reason=problem.reason,
                    fix=problem.fix,
                )
        for found in file.findings:
            if found.rule.severity == "warning":
                for number in found.lines:
                    yield Result(
                        file=file.name,
                        line=number,
                        rule=found.rule.id,
                        severity="warning",
                        path="$",
                        reason=found.rule.what,
                        fix=found.rule.fix,
                    )
    if validation.refusal:
        yield _refused(validation.files[0].name, validation.refusal)


def as_json(validation: Validation) -> str:
    """Return one JSON document."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "base_model": validation.choice.model.id,
        "method": MethodChoice[validation.choice.rules.method.name].value,
        "record_format": validation.choice.rules.record_format.value,
        "clean": validation.is_clean,
        "read": validation.read,
        "accepted": validation.accepted,
        "rejected": validation.rejected,
        "omitted": validation.omitted,
        "refusals": validation.refusals,
        "files": [
            {
                "file": file.name,
                "read": file.read,
                "accepted": file.accepted,
                "rejected": file.rejected,
                "omitted": file.omitted,
                "refusal": file.refusal,
            }
            for file in validation.files
        ],
        "skipped": [
            {"file": skipped.path.as_posix(), "why": skipped.why}
            for skipped in validation.found.skipped
        ],
        "findings": [
            {
                "rule": each.rule.id,
                "severity": each.rule.severity,
                "verdict": each.rule.verdict.value,
                "count": each.count,
                "places": list(each.places),
                "what": each.rule.what,
                "why": each.rule.why,
                "fix": each.rule.fix,
            }
            for each in validation.rule_counts
        ],
        "results": list(results(validation)),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def as_github(validation: Validation) -> Iterator[str]:
    """Yield workflow commands, which GitHub shows beside the lines of a pull request."""
    for result in results(validation):
        place = "" if result.file == STREAM_NAME else f"file={workflow_property(result.file)},"
        if result.line is not None:
            place += f"line={result.line},"
        message = f"{result.reason}; {result.fix}" if result.fix else result.reason
        yield (
            f"::{result.severity} {place}title={workflow_property(result.rule)}::"
            f"{workflow_data(message)}"
        )


def as_sarif(validation: Validation) -> str:
    """Return a SARIF log, for code scanning and editors."""
    found = list(results(validation))
    used = sorted({result.rule for result in found})
    document: dict[str, Any] = {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": _PACKAGE,
                        "semanticVersion": version(_PACKAGE),
                        "rules": [_descriptor(name) for name in used],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(result, used.index(result.rule)) for result in found],
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _refused(file: str, refusal: str) -> Result:
    return Result(
        file=file, line=None, rule=_DATA_SET, severity="error", path="$", reason=refusal, fix=""
    )


def _descriptor(name: str) -> dict[str, Any]:
    rule = _RULES.get(name)
    if rule is None:
        return {
            "id": name,
            "shortDescription": {"text": "a file, or all files, that cannot be used as a whole"},
            "help": {"text": "see the message"},
            "defaultConfiguration": {"level": "error"},
        }
    return {
        "id": name,
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": f"{rule.what}: {rule.why}"},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": rule.severity},
    }


def _sarif_result(result: Result, index: int) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(result.file)}}
    if result.line is not None:
        physical["region"] = {"startLine": result.line}
    return {
        "ruleId": result.rule,
        "ruleIndex": index,
        "level": result.severity,
        "message": {"text": f"{result.reason}; {result.fix}" if result.fix else result.reason},
        "locations": [
            {
                "physicalLocation": physical,
                "logicalLocations": [{"fullyQualifiedName": result.path}],
            }
        ],
    }
