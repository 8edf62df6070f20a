"""All rules over a whole template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Severity
from bedrock_customization_runtime.template_rules.rules import TABLE
from bedrock_customization_runtime.template_rules.template import Template

if TYPE_CHECKING:
    from bedrock_customization_runtime.template_rules.rule import Rule

_SHOWN = 200
"""Characters of a template's text that a finding tells."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a stack is bound to; None for what is open until it is deployed."""

    account: str | None = None
    region: str | None = None

    @property
    def is_bound(self) -> bool:
        """Whether literals of the environment are meant."""
        return self.account is not None or self.region is not None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a resource breaks."""

    rule: Rule
    logical_id: str
    resource_type: str
    path: str
    """Within the resource: a property, a statement, a state."""
    found: str
    """What stands there."""
    construct_path: str | None = None
    """Where CDK defines the resource, if the template says so."""

    @property
    def is_error(self) -> bool:
        """Whether it is more than a missing safeguard."""
        return self.rule.severity is Severity.ERROR

    @property
    def message(self) -> str:
        """What, where, why, and how to mend it, in one line."""
        return (
            f"{self.logical_id}, {self.path}: {self.rule.title} ({self.found}): {self.rule.why}; "
            f"{self.rule.fix}"
        )


def check_template(
    template: Mapping[str, object], *, environment: Environment | None = None
) -> tuple[Finding, ...]:
    """Hold a synthesized template against every rule.

    Args:
        template: CloudFormation, as JSON holds it. What is malformed is passed over:
            CloudFormation refuses it anyway.
        environment: Where its stack is bound to. Without one, literal accounts, Regions and
            partitions are findings wherever the template refers to those of its deployment too.

    Returns:
        What breaks a rule, in the order of rules and resources. Where the template has conditions,
        what breaks one with them true, and with them false.
    """
    if not isinstance(template, Mapping):
        return ()
    found: dict[tuple[str, str, str], Finding] = {}
    for assumed in (True, False) if template.get("Conditions") else (True,):
        resolved = Template(
            template,
            assumed=assumed,
            is_bound=environment.is_bound if environment else None,
        )
        for rule in TABLE:
            for each in rule.check(resolved):
                finding = Finding(
                    rule=rule,
                    logical_id=each.resource.logical_id,
                    resource_type=each.resource.type,
                    path=each.path,
                    found=_shown(each.what),
                    construct_path=each.resource.construct_path,
                )
                found.setdefault((rule.id, finding.logical_id, finding.path), finding)
    order = {rule.id: number for number, rule in enumerate(TABLE)}
    return tuple(sorted(found.values(), key=lambda each: order[each.rule.id]))


def _shown(what: str) -> str:
    cut = what if len(what) <= _SHOWN else f"{what[: _SHOWN - 1]}…"
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in cut)
