"""What `check` found, for machines: JSON, SARIF 2.1.0, GitHub's workflow commands."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import quote

from bedrock_customization_local.cli.workflow_commands import workflow_data, workflow_property
from bedrock_customization_runtime.template_rules import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bedrock_customization_local.cli.templates.files import CheckedTemplate

SCHEMA_VERSION = 1
_PACKAGE = "cdk-bedrock-customization"
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(templates: Sequence[CheckedTemplate]) -> str:
    """Return one JSON document."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "clean": not any(template.findings for template in templates),
        "rules": len(TABLE),
        "templates": [
            {
                "file": template.file,
                "resources": template.resources,
                "findings": [
                    {
                        "rule": each.rule.id,
                        "severity": each.rule.severity.value,
                        "logical_id": each.logical_id,
                        "resource_type": each.resource_type,
                        "construct_path": each.construct_path,
                        "path": each.path,
                        "title": each.rule.title,
                        "found": each.found,
                        "why": each.rule.why,
                        "fix": each.rule.fix,
                        "anchor": each.rule.anchor,
                    }
                    for each in template.findings
                ],
            }
            for template in templates
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_github(templates: Sequence[CheckedTemplate]) -> Iterator[str]:
    """Yield workflow commands, which GitHub shows beside a pull request."""
    for template in templates:
        for each in template.findings:
            place = f"file={workflow_property(template.file)},"
            title = workflow_property(each.rule.id)
            yield f"::{each.rule.severity} {place}title={title}::{workflow_data(each.message)}"


def as_sarif(templates: Sequence[CheckedTemplate]) -> str:
    """Return a SARIF log, for code scanning and editors."""
    used = [
        rule
        for rule in TABLE
        if any(each.rule is rule for template in templates for each in template.findings)
    ]
    document = {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": _PACKAGE,
                        "semanticVersion": version(_PACKAGE),
                        "rules": [
                            {
                                "id": rule.id,
                                "shortDescription": {"text": rule.title},
                                "fullDescription": {"text": f"{rule.title}: {rule.why}"},
                                "help": {"text": rule.fix},
                                "helpUri": rule.anchor,
                                "defaultConfiguration": {"level": rule.severity.value},
                            }
                            for rule in used
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": each.rule.id,
                        "ruleIndex": used.index(each.rule),
                        "level": each.rule.severity.value,
                        "message": {"text": each.message},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": quote(template.file)}
                                },
                                "logicalLocations": [
                                    {"fullyQualifiedName": f"{each.logical_id}: {each.path}"}
                                ],
                            }
                        ],
                    }
                    for template in templates
                    for each in template.findings
                ],
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
