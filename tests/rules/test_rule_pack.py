"""`BedrockCustomizationChecks` in an app: it runs, it finds, it takes acknowledgments."""

import subprocess
import sys

import cdk_nag
import pytest
from aws_cdk import Acknowledgment, App, Stack, Validations, aws_s3 as s3

import bedrock_customization
from bedrock_customization import BaseModel, BedrockCustomizationChecks, CustomizationPipeline
from bedrock_customization_runtime.template_rules import TABLE

VERSIONS = "BedrockCustomization-bucket-without-versions"


@pytest.fixture
def open_bucket(context):
    """An app with a bucket that breaks rules."""
    app = App(context=context)
    return s3.Bucket(Stack(app, "Canary"), "Open")


def names_of(report):
    return {violation.rule_name for violation in report.violations}


def test_it_is_a_pack_of_cdk_nag_that_says_what_it_looked_at(open_bucket):
    pack = BedrockCustomizationChecks(open_bucket.node.root)
    assert isinstance(pack, cdk_nag.NagPack)
    assert pack.checked == ()
    report = pack.validate_scope(open_bucket.node.root)
    assert pack.checked == ("Canary",)
    assert not report.success
    assert names_of(report) == {
        VERSIONS,
        "BedrockCustomization-bucket-without-abort",
        "BedrockCustomization-bucket-without-public-block",
        "BedrockCustomization-bucket-without-tls-deny",
    }
    found = next(each for each in report.violations if each.rule_name == VERSIONS)
    assert found.severity == "warning"
    assert "set VersioningConfiguration.Status to Enabled" in found.description
    assert found.violating_resources[0].construct_path == "Canary/Open/Resource"


def test_a_finding_is_acknowledged_on_its_construct_alone(open_bucket):
    s3.Bucket(Stack.of(open_bucket), "Other")
    Validations.of(open_bucket).acknowledge(
        Acknowledgment(id=VERSIONS, reason="its objects are written once, by a pipeline")
    )
    report = BedrockCustomizationChecks(open_bucket.node.root).validate_scope(open_bucket.node.root)
    found = next(each for each in report.violations if each.rule_name == VERSIONS)
    paths = [each.construct_path for each in found.violating_resources]
    assert paths == ["Canary/Other/Resource"]


def test_a_finding_ends_the_synthesis(open_bucket):
    app = open_bucket.node.root
    pack = BedrockCustomizationChecks(app)
    Validations.of(app).add_plugins(pack)
    with pytest.raises(RuntimeError, match="bucket-without-tls-deny"):
        app.synth()
    assert pack.checked == ("Canary",)


def test_a_pipeline_passes_in_a_synthesis(context):
    app = App(context=context)
    CustomizationPipeline(Stack(app, "Stack"), "Pipeline", base_model=BaseModel.NOVA_MICRO)
    pack = BedrockCustomizationChecks(app)
    Validations.of(app).add_plugins(pack)
    app.synth()
    assert pack.checked == ("Stack",)


def test_an_app_that_does_not_ask_for_it_imports_neither_rules_nor_cdk_nag():
    code = (
        "import sys, bedrock_customization\n"
        "late = {'cdk_nag', 'bedrock_customization_runtime.template_rules'}\n"
        "assert not late & set(sys.modules), late & set(sys.modules)\n"
        "from bedrock_customization_runtime.template_rules import check_template\n"
        "assert check_template({}) == ()\n"
        "assert 'cdk_nag' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_error_as_in_any_module():
    with pytest.raises(AttributeError, match="has no attribute 'Checks'"):
        bedrock_customization.Checks  # noqa: B018 - the lookup is the test


def test_ids_are_told_once():
    assert len({rule.id for rule in TABLE}) == len(TABLE) >= 35
