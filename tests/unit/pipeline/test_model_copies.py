"""The pipeline that takes a copy of a model of another account or Region, and its example."""

import json
from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack, aws_kms as kms
from aws_cdk.assertions import Annotations, Match, Template

from bedrock_customization import BaseModel, ModelCopyPipeline

DEV = "222222222222"
SOURCE_KEY = f"arn:aws:kms:us-east-1:{DEV}:key/00000000-0000-0000-0000-000000000000"
EXAMPLE = Path(__file__).parents[3] / "examples" / "cross_account_promotion"


def copying(stack, **given):
    arguments = {"base_model": BaseModel.NOVA_MICRO, "source_region": "us-east-1"} | given
    return ModelCopyPipeline(stack, "Pipeline", **arguments)


@pytest.fixture(scope="module")
def production(context):
    """A stack of the account that takes copies, each side with a key of its own."""
    stack = Stack(App(context=context), "Production")
    copying(
        stack,
        source_account=DEV,
        source_key=kms.Key.from_key_arn(stack, "SourceKey", SOURCE_KEY),
        model_key=kms.Key(stack, "ModelKey"),
    )
    return stack


@pytest.fixture(scope="module")
def definition_of_copy(production, read_definition):
    return read_definition(Template.from_stack(production))["States"]


@pytest.fixture(scope="module")
def statements(production):
    """What the state machine's role is allowed, by its actions."""
    policies = Template.from_stack(production).find_resources("AWS::IAM::Policy")
    (policy,) = [one for name, one in policies.items() if "StateMachineRole" in name]
    found = policy["Properties"]["PolicyDocument"]["Statement"]
    return {json.dumps(one["Action"]): one for one in found}


def test_a_copy_is_asked_for_by_names_and_token_of_the_run(definition_of_copy):
    asked = definition_of_copy["Copy model"]["Arguments"]
    assert asked["SourceModelArn"] == "{% $run.source %}"
    assert "$run.names.deployment" in asked["TargetModelName"]
    assert "$run.tokens.deployment & '-copy'" in asked["ClientRequestToken"]
    assert {tag["Key"] for tag in asked["TargetModelTags"]} == {
        "bedrock-customization:pipeline",
        "bedrock-customization:run",
    }
    assert "ModelKmsKeyId" in asked


def test_the_alias_comes_after_the_copy_is_active_and_answers(definition_of_copy):
    states = definition_of_copy
    assert states["Is the copy active?"]["Choices"][0]["Next"] == "Record copy"
    assert states["Record copy"]["Next"] == "Deploy candidate"
    assert states["Smoke test"]["Next"] == "Decide promotion"
    assert "$copy_wait * 2" in states["Wait for the copy"]["Assign"]["copy_wait"]
    catches = {name: state for name, state in states.items() if state["Type"] == "Task"}
    assert all("TimeoutSeconds" in state and "Retry" in state for state in catches.values())


def test_only_models_of_the_named_account_and_region_may_be_copied(statements):
    allowed = statements['"bedrock:CreateModelCopyJob"']["Resource"]
    text = json.dumps(allowed)
    assert f":bedrock:us-east-1:{DEV}:custom-model/*" in text
    assert {"Ref": "AWS::Partition"} in allowed["Fn::Join"][1]


def test_each_key_is_used_through_bedrock_alone(statements):
    decrypting = statements['"kms:Decrypt"']
    for one in (found for action, found in statements.items() if "kms:CreateGrant" in action):
        assert "kms:ViaService" in json.dumps(one["Condition"])
    assert "bedrock.us-east-1.amazonaws.com" in json.dumps(decrypting["Condition"])


def test_what_no_document_promises_is_warned_of(production, context):
    warned = Annotations.from_stack(production).find_warning(
        "*", Match.string_like_regexp("no document lists custom models")
    )
    assert len(warned) == 1
    west = Environment(account=DEV, region="eu-west-1")
    other = Stack(App(context=context), "Other", env=west)
    copying(other)
    found = Annotations.from_stack(other).find_warning("*", Match.any_value())
    assert ["on-demand deployments" in one.entry.data for one in found].count(True) == 1
    assert not [one for one in found if "no document lists" in one.entry.data]


def test_govcloud_takes_copies_of_its_own_partition(context):
    west = Environment(account=DEV, region="us-gov-west-1")
    stack = Stack(App(context=context), "Gov", env=west)
    copying(stack, source_region="us-gov-west-1")
    assert "arn:aws:" not in json.dumps(Template.from_stack(stack).to_json())


@pytest.mark.parametrize(
    ("given", "region", "message"),
    [
        ({"base_model": BaseModel.LLAMA_3_3_70B}, None, "are not copied to other Regions"),
        ({"base_model": BaseModel.NOVA_2_LITE}, None, "customize it there, from the same data"),
        ({}, "cn-north-1", "copied to ap-northeast-1.*is in cn-north-1: deploy it there"),
        ({"source_region": "Ohio"}, None, "must be a Region like us-east-1, got 'Ohio'"),
        ({"source_account": "dev"}, None, "must be twelve digits, got 'dev'"),
    ],
)
def test_what_cannot_be_copied_is_refused_at_synth(context, given, region, message):
    stack = Stack(App(context=context), "Stack", env=Environment(account=DEV, region=region))
    with pytest.raises(ValueError, match=message):
        copying(stack, **given)


def synthesize(context, out, region):
    """Run the example with its context, in a Region or in whichever it is deployed to."""
    given = json.loads((EXAMPLE / "cdk.json").read_text())["context"]
    for name in ("tools", "development", "production"):
        given[name] = {"account": given[name]["account"], **({"region": region} if region else {})}
    app = f"App(context={ ({**context, **given})!r}, outdir={str(out)!r})"
    source = (EXAMPLE / "app.py").read_text()
    assert source.count("App()") == 1
    code = compile(source.replace("App()", app), "app.py", "exec")
    exec(code, {"__name__": "__main__"})  # noqa: S102 - the example's own source
    return {path.name: path.read_text() for path in out.rglob("*.template.json")}


@pytest.mark.parametrize("region", ["us-east-1", None])
def test_the_example_synthesizes_wherever_it_is_deployed(context, tmp_path, region):
    templates = synthesize(context, tmp_path, region)
    assert len(templates) == 3
    stages = [text for name, text in templates.items() if not name.startswith("Delivery")]
    # In a known Region aws-cdk-lib itself writes the partition into key policies.
    assert region or all("arn:aws:" not in text for text in stages)
    delivery = templates["Delivery.template.json"]
    actions = [
        action["Name"]
        for resource in json.loads(delivery)["Resources"].values()
        if resource["Type"] == "AWS::CodePipeline::Pipeline"
        for stage in resource["Properties"]["Stages"]
        for action in stage["Actions"]
    ]
    assert actions.index("ApproveProduction") < actions.index("PromoteModel")


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_the_example_says_where_bedrock_customizes_nothing(context, tmp_path, region):
    with pytest.raises(ValueError, match=f"customized in us-east-1.*stack is in {region}"):
        synthesize(context, tmp_path, region)
