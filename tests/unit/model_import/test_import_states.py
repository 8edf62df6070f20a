"""The states, rights and requests of an import, in the template."""

import json

import pytest
from aws_cdk import (
    App,
    Size,
    Stack,
    aws_iam as iam,
    aws_kms as kms,
    aws_s3 as s3,
    aws_secretsmanager,
    aws_stepfunctions as sfn,
)
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    HuggingFaceModel,
    ModelImport,
    ModelImportPipeline,
    ModelStaging,
    RunStart,
    S3Model,
    SageMakerModel,
)
from bedrock_customization.deployment_kinds import ImportedCopies
from bedrock_customization_local.cloud.bedrock import shapes
from bedrock_customization_local.cloud.stepfunctions.language import jsonata
from bedrock_customization_local.cloud.stepfunctions.tasks.shapes import to_botocore
from bedrock_customization_runtime import names

ACCOUNT = "210987654321"
LONGEST = "arn:aws:states:us-east-1:123456789012:execution:" + "m" * 80 + ":" + "x" * 80


@pytest.fixture(scope="module")
def template(context):
    """A pipeline that imports from another account's bucket, with a key of the customer's."""
    stack = Stack(App(context=context), "Stack")
    bucket = s3.Bucket.from_bucket_name(stack, "Trained", "trained")
    ModelImportPipeline(
        stack,
        "Pipeline",
        model=S3Model(bucket=bucket, prefix="models/mine", account=ACCOUNT),
        base_model=BaseModel.NOVA_MICRO,
        model_key=kms.Key(stack, "ModelKey"),
        max_cost_usd=50,
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def states(template, read_definition):
    """The states of that pipeline."""
    return read_definition(template)["States"]


@pytest.fixture(scope="module")
def policies(template):
    """The statements of each role, by a part of its logical id."""

    def of(part):
        roles = template.find_resources("AWS::IAM::Role")
        (role,) = (found for name, found in roles.items() if part in name)
        (policy,) = role["Properties"]["Policies"]
        return policy["PolicyDocument"]["Statement"], role["Properties"]

    return of


def following(states, name):
    """Return the states on the way that goes well, from one on."""
    while name:
        yield name
        choices = states[name].get("Choices", [])
        good = (
            one["Next"] for one in choices if "= 'Completed'" in one["Condition"].replace("!=", "")
        )
        name = states[name].get("Next") or next(good, None)


def test_nothing_is_copied_before_the_model_was_inspected_nor_imported_before_it_was_checked(
    states,
):
    assert list(following(states, "Inspect model"))[:9] == [
        "Inspect model",
        "Stage parts",
        "Finish files",
        "Start import",
        "Wait for the import",
        "Check import",
        "Is it imported?",
        "Record import",
        "Warm up",
    ]
    assert states["Warm up"]["Next"] == "Plan blind test"


def test_the_request_is_valid_with_the_longest_names(states):
    run_names, tokens = names.names_of(LONGEST)
    request = jsonata.render(
        states["Start import"]["Arguments"],
        states={"context": {"Execution": {"RedriveCount": 3}, "StateMachine": {"Name": "m" * 80}}},
        variables={
            "run": {"names": run_names, "tokens": tokens, "key": "x" * 80},
            "staging": {"model": f"s3://{'b' * 63}/scratch/{'x' * 80}/import/model/"},
        },
        field="Arguments",
    )
    request["RoleArn"] = "arn:aws:iam::123456789012:role/import"
    request["ImportedModelKmsKeyId"] = (
        "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    )
    shape = shapes.operation_model("CreateModelImportJob").input_shape
    problems = shapes.request_problems("CreateModelImportJob", to_botocore(shape, request))
    assert list(problems) == []
    assert request["ClientRequestToken"].endswith("-3")
    assert request["JobName"] == request["ImportedModelName"]


def test_a_full_quota_of_imports_is_queued_for(states):
    queue = next(
        retry
        for retry in states["Start import"]["Retry"]
        if "Bedrock.ServiceQuotaExceededException" in retry["ErrorEquals"]
    )
    assert queue["MaxAttempts"] >= 20
    assert queue["MaxDelaySeconds"] == 3600


@pytest.mark.parametrize(
    ("status", "seconds", "following"),
    [
        ("Completed", 10, "Record import"),
        ("Completed", 99_999, "Record import"),
        ("InProgress", 10, "Wait for the import"),
        ("InProgress", 86_401, "Import takes too long"),
        ("Odd", 86_401, "Import takes too long"),
        ("Failed", 10, "Import failed"),
    ],
)
def test_the_wait_is_bounded_whatever_bedrock_says(states, status, seconds, following):
    choice = states["Is it imported?"]
    started = "2026-11-23T12:00:00.000Z"
    days, rest = divmod(12 * 3600 + seconds, 86400)
    entered = f"2026-11-{23 + days}T{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}.000Z"
    chosen = next(
        (
            one["Next"]
            for one in choice["Choices"]
            if jsonata.render(
                one["Condition"],
                states={"context": {"State": {"EnteredTime": entered}}},
                variables={"import_status": status, "import_started": started},
                field="Condition",
            )
        ),
        choice["Default"],
    )
    assert chosen == following


def test_bedrock_may_read_the_copy_alone_and_for_import_jobs_alone(policies):
    statements, role = policies("ModelImportServiceRole")
    trust = json.dumps(role["AssumeRolePolicyDocument"])
    assert ":model-import-job/*" in trust
    assert "aws:SourceAccount" in trust
    reading = [one for one in statements if str(one["Action"]).startswith("s3:")]
    assert {one["Action"] for one in reading} == {"s3:GetObject", "s3:ListBucket"}
    assert all("aws:ResourceAccount" in json.dumps(one["Condition"]) for one in reading)
    assert "/scratch/*/import/*" in json.dumps(reading[0]["Resource"])


def test_a_bucket_of_another_account_is_read_only_if_it_is_that_accounts(policies, states):
    statements, _ = policies("ModelImportStage")
    (objects,) = (one for one in statements if "trained/models/mine/*" in json.dumps(one))
    assert objects["Condition"] == {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
    source = states["Inspect model"]["Arguments"]["Payload"]["source"]
    assert source == {"kind": "s3", "uri": "s3://trained/models/mine/", "account": ACCOUNT}


def test_who_copies_can_neither_import_nor_invoke(policies):
    statements, _ = policies("ModelImportStage")
    actions = json.dumps([one["Action"] for one in statements])
    assert "CreateModelImportJob" not in actions
    assert "InvokeModel" not in actions
    assert "DeleteImportedModel" not in actions


def test_consumers_may_invoke_imported_models_alone(context):
    stack = Stack(App(context=context), "Stack")
    pipeline = ModelImportPipeline(
        stack, "Pipeline", model=HuggingFaceModel(repo="a/b"), base_model=BaseModel.NOVA_MICRO
    )
    role = iam.Role(stack, "Consumer", assumed_by=iam.AccountRootPrincipal())
    pipeline.alias.grant_invoke(role)
    policy = json.dumps(
        next(
            found
            for name, found in Template.from_stack(stack).find_resources("AWS::IAM::Policy").items()
            if "Consumer" in name
        )
    )
    assert "imported-model/*" in policy
    assert "custom-model-deployment" not in policy


def test_an_import_stands_in_a_machine_of_your_own(stack, read_definition):
    storage = CustomizationStorage(stack, "Storage")
    start = RunStart(stack, "Start", storage=storage, base_model=BaseModel.NOVA_MICRO)
    import_ = ModelImport(stack, "Import", storage=storage, source=HuggingFaceModel(repo="a/b"))
    sfn.StateMachine(
        stack,
        "Machine",
        query_language=sfn.QueryLanguage.JSONATA,
        definition_body=sfn.DefinitionBody.from_chainable(sfn.Chain.start(start).next(import_)),
    )
    states = read_definition(Template.from_stack(stack))["States"]
    assert states["Start run"]["Next"] == "Inspect model"
    assert "Catch" not in states["Inspect model"]
    assert states["Import failed"]["Type"] == "Fail"
    payload = states["Inspect model"]["Arguments"]["Payload"]
    assert "max_cost_usd" not in payload
    assert payload["source"] == {
        "kind": "hub",
        "endpoint": "https://huggingface.co",
        "repo": "a/b",
        "revision": "main",
    }


def test_a_token_is_named_and_never_read_at_synth(stack):
    secret = aws_secretsmanager.Secret.from_secret_name_v2(stack, "Token", "hub")
    model = HuggingFaceModel(repo="a/b", token=secret)
    (right,) = model.rights()
    assert list(right.actions) == ["secretsmanager:GetSecretValue"]
    assert json.dumps(stack.resolve(list(right.resources))).endswith('-??????"]]}]')
    assert "token" not in {key for key in model.to_contract() if key != "token_secret_arn"}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda _: HuggingFaceModel(repo="a/b/c"), "organization/model"),
        (lambda _: HuggingFaceModel(repo="../b"), "organization/model"),
        (lambda _: HuggingFaceModel(repo="a/b", revision=""), "revision"),
        (lambda _: HuggingFaceModel(repo="a/b", endpoint="http://hub.example"), "https"),
        (lambda _: HuggingFaceModel(repo="a/b", endpoint="https://me@hub.example"), "https"),
        (lambda bucket: S3Model(bucket=bucket, prefix="/a"), "without a slash"),
        (lambda bucket: S3Model(bucket=bucket, account="12"), "12 digits"),
        (lambda bucket: SageMakerModel.of_training_job("-x", bucket=bucket), "training_job_name"),
        (lambda bucket: SageMakerModel.of_archive("model.zip", bucket=bucket), "tar.gz"),
        (lambda _: ModelStaging(part_size=Size.mebibytes(4)), "5 to 64 MiB"),
        (lambda _: ModelStaging(part_size=Size.mebibytes(65)), "5 to 64 MiB"),
        (lambda _: ModelStaging(batch_size=Size.mebibytes(15)), "at least part_size"),
        (lambda _: ModelStaging(max_concurrency=0), "max_concurrency"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_at_synth(stack, make, told):
    bucket = s3.Bucket.from_bucket_name(stack, "Trained", "trained")
    with pytest.raises(ValueError, match=told):
        make(bucket)


def test_sagemaker_is_asked_of_one_job_or_package_alone(stack):
    bucket = s3.Bucket.from_bucket_name(stack, "Trained", "trained")
    package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/mine/3"
    job = SageMakerModel.of_training_job("Train-1", bucket=bucket)
    assert [list(right.actions) for right in job.asking] == [["sagemaker:DescribeTrainingJob"]]
    assert job.asking[0].resources[0].endswith(":training-job/train-1")
    (right,) = SageMakerModel.of_model_package(package, bucket=bucket).asking
    assert list(right.resources) == [package]


def test_a_custom_model_does_not_answer_on_copies(stack):
    with pytest.raises(ValueError, match="ModelImportPipeline"):
        CustomizationPipeline(
            stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, deployment=ImportedCopies()
        )
