"""`BedrockCustomizationChecks`: the rules of templates as a pack of cdk-nag 3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsii
from aws_cdk import CfnResource, Stack, Stage

try:
    from cdk_nag import IApplyRule, NagMessageLevel, NagPack, NagRuleCompliance
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "BedrockCustomizationChecks needs cdk-nag: "
        "pip install 'cdk-bedrock-customization[checks]'; "
        "the command bedrock-customization check does without",
        name=error.name,
    ) from error

from bedrock_customization_runtime.template_rules import Environment, Severity, check_template

if TYPE_CHECKING:
    from aws_cdk import IPolicyValidationContext, PolicyValidationPluginReport
    from constructs import IConstruct

    from bedrock_customization_runtime.template_rules import Finding

_PACK = "BedrockCustomization"
_SHOWN = 5
"""Places in one resource that a violation tells."""
_UNKNOWN = {"unknown-account", "unknown-region"}


class BedrockCustomizationChecks(NagPack):
    """Rules of any CDK app that customizes models on Bedrock: docs/template-rules.md lists them.

    `Validations.of(app).add_plugins(BedrockCustomizationChecks(app))` lets synthesis fail on what
    is not acknowledged. A finding is acknowledged as cdk-nag's own are, for a construct and what is
    below it, under the id `BedrockCustomization-<rule>`.

    Args:
        scope: The app.
    """

    def __init__(self, scope: IConstruct | None = None) -> None:
        super().__init__(scope)
        self._pack_name = _PACK
        self._findings: dict[tuple[str, str], list[Finding]] = {}
        self._checked: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the pack, in reports."""
        return _PACK

    @property
    def checked(self) -> tuple[str, ...]:
        """Paths of the stacks that were checked; empty until the pack has run.

        A pack that finds nothing leaves no trace in the report: this says that it looked.
        """
        return self._checked

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Check the templates of a synthesis, for the CDK, which calls it then.

        Args:
            context: The app, and where its templates are.

        Returns:
            What is not acknowledged.
        """
        self._forget()
        for stack in context.stack_templates:
            template = json.loads(Path(stack.template_path).read_text(encoding="utf-8"))
            environment = _environment(stack.account_id, stack.region)
            self._check(stack.stack_construct_path, template, environment)
        return super().validate_scope(context.app_construct)

    def validate_scope(self, scope: IConstruct) -> PolicyValidationPluginReport:
        """Synthesize an app or stage and check it, for tests.

        Args:
            scope: What is checked: the app, or a stack or construct of it.

        Returns:
            What is not acknowledged.
        """
        self._forget()
        root = scope.node.root
        if isinstance(root, Stage):
            # Anew: tests change an app and look again.
            for artifact in root.synth(force=True).stacks_recursively:
                environment = _environment(
                    artifact.environment.account, artifact.environment.region
                )
                self._check(artifact.hierarchical_id, artifact.template, environment)
        return super().validate_scope(scope)

    def _check_resource(self, node: CfnResource) -> None:
        if not self._findings:
            return
        stack = Stack.of(node)
        by_rule: dict[str, list[Finding]] = {}
        for finding in self._findings.get((stack.node.path, stack.resolve(node.logical_id)), ()):
            by_rule.setdefault(finding.rule.id, []).append(finding)
        for findings in by_rule.values():
            # cdk-nag declares setters, which it never calls.
            self._apply_rule(_Broken(node, findings))  # type: ignore[arg-type]

    def _forget(self) -> None:
        self._findings = {}
        self._checked = ()

    def _check(self, stack: str, template: object, environment: Environment | None) -> None:
        self._checked += (stack,)
        if isinstance(template, dict):
            for finding in check_template(template, environment=environment):
                self._findings.setdefault((stack, finding.logical_id), []).append(finding)


@jsii.implements(IApplyRule)
class _Broken:
    """A rule that a resource breaks, as cdk-nag takes it: it knows what is acknowledged."""

    def __init__(self, node: CfnResource, findings: list[Finding]) -> None:
        self._node = node
        self._findings = findings
        self._rule = findings[0].rule

    @property
    def rule_suffix_override(self) -> str:
        return self._rule.id

    @property
    def info(self) -> str:
        places = [f"{each.path}: {each.found}" for each in self._findings]
        more = f", and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        return f"{self._rule.title} ({'; '.join(places[:_SHOWN])}{more}): {self.explanation}"

    @property
    def explanation(self) -> str:
        return f"{self._rule.why}; {self._rule.fix}"

    @property
    def level(self) -> NagMessageLevel:
        is_error = self._rule.severity is Severity.ERROR
        return NagMessageLevel.ERROR if is_error else NagMessageLevel.WARN

    @property
    def node(self) -> CfnResource:
        return self._node

    def rule(self, node: CfnResource) -> NagRuleCompliance:  # noqa: ARG002 - cdk-nag's signature
        return NagRuleCompliance.NON_COMPLIANT


def _environment(account: str | None, region: str | None) -> Environment | None:
    """Return where a stack is bound to; None if it may be deployed anywhere."""
    known = Environment(
        account=None if account in _UNKNOWN else account,
        region=None if region in _UNKNOWN else region,
    )
    return known if known.is_bound else Environment()
