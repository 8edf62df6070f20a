"""Rules of a CloudFormation template that customizes models: pure, they know neither AWS nor CDK.

The same rules are `BedrockCustomizationChecks` of a CDK app, a function and a command.
"""

from bedrock_customization_runtime.template_rules.checking import (
    Environment,
    Finding,
    check_template,
)
from bedrock_customization_runtime.template_rules.rule import Rule, Severity
from bedrock_customization_runtime.template_rules.rules import FAMILIES, TABLE

__all__ = ["FAMILIES", "TABLE", "Environment", "Finding", "Rule", "Severity", "check_template"]
