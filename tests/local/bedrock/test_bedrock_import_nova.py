"""CreateCustomModel: Nova models of SageMaker AI, from AWS's bucket or a model package."""

import pytest

from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder
from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings, Training
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, split_words

ROLE = "arn:aws:iam::123456789012:role/customization"
ESCROW = "customer-escrow-123456789012-a1b2"
QUESTION, ANSWER = "where is my card", "card_arrival"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    asked = split_words(f"Name the intent.\n\n{QUESTION}")
    training = Training([Record(asked, split_words(ANSWER))] * 8, [], Settings(epochs=4))
    for _ in training:
        pass
    folder = tmp_path_factory.mktemp("model")
    write_model_folder(training.model, folder)
    return (folder / "model.safetensors").read_bytes()


@pytest.fixture
def escrow(cloud, weights):
    cloud.s3.create_bucket(Bucket=ESCROW)
    cloud.s3.put_object(Bucket=ESCROW, Key="job-1/model.safetensors", Body=weights)
    return f"s3://{ESCROW}/job-1/"


@pytest.fixture
def create(cloud):
    def create(uri, **more):
        source = {"modelSourceConfig": {"s3DataSource": {"s3Uri": uri}}, "roleArn": ROLE}
        request = {"modelName": "nova", **source, **more}
        return cloud.bedrock.create_custom_model(
            **{name: value for name, value in request.items() if value is not None}
        )["modelArn"]

    return create


@pytest.fixture
def settled(cloud):
    def settled(arn):
        return cloud.until(
            lambda: cloud.bedrock.get_custom_model(modelIdentifier=arn),
            lambda found: found["modelStatus"] != "Creating",
        )

    return settled


def test_a_model_of_sagemaker_is_deployed_like_any_custom_model(cloud, escrow, create, settled):
    tags = [{"key": "run", "value": "1"}]
    arn = create(escrow, modelTags=tags)
    assert ":custom-model/imported/" in arn
    assert cloud.bedrock.get_custom_model(modelIdentifier=arn)["modelStatus"] == "Creating"
    model = settled("nova")
    assert model["modelStatus"] == "Active"
    assert model["customizationType"] == "IMPORTED"
    assert model["baseModelArn"].endswith("amazon.nova-micro-v1:0:128k")
    assert cloud.bedrock.list_tags_for_resource(resourceARN=arn)["tags"] == tags
    assert cloud.answer(cloud.deployed(arn), QUESTION) == ANSWER
    assert ":model-import-job/" in cloud.roles.asked[0][1]


def test_the_configuration_may_name_another_nova(cloud, escrow, create, settled):
    key = "job-1/config.json"
    named = b'{"base_model": "amazon.nova-lite-v1:0:300k"}'
    cloud.s3.put_object(Bucket=ESCROW, Key=key, Body=named)
    arn = create(escrow)
    assert settled(arn)["baseModelArn"].endswith("amazon.nova-lite-v1:0:300k")
    llama = b'{"base_model": "meta.llama3-3-70b-instruct-v1:0:128k"}'
    cloud.s3.put_object(Bucket=ESCROW, Key=key, Body=llama)
    failed = settled(create(escrow, modelName="llama"))
    assert failed["modelStatus"] == "Failed"
    assert "not an Amazon Nova model" in failed["failureMessage"]
    assert {line.resource for line in cloud.service.meter.running()} == {arn}


def test_a_model_package_is_enough(cloud, escrow, create, settled):
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="novas")
    package = sagemaker.create_model_package(
        ModelPackageGroupName="novas",
        InferenceSpecification={
            "Containers": [{"Image": "nova", "ModelDataUrl": escrow}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    source = {"modelPackageArnDataSource": {"modelPackageArn": package}}
    alone = {"customModelDataSource": source, "modelSourceConfig": None, "roleArn": None}
    assert settled(create(escrow, **alone))["modelStatus"] == "Active"
    missing = {"modelPackageArnDataSource": {"modelPackageArn": f"{package}0"}}
    code, _ = cloud.refusal(
        create, uri=escrow, modelName="other", **alone | {"customModelDataSource": missing}
    )
    assert code == "ResourceNotFoundException"


def test_a_role_that_may_not_read_fails_the_model(cloud, escrow, create, settled):
    cloud.roles.denied = {"GetObject"}
    model = settled(create(escrow))
    assert model["modelStatus"] == "Failed"
    assert "GetObject" in model["failureMessage"]


def test_requests_that_name_no_weights_are_refused(cloud, escrow, create, settled):
    source = {
        "modelPackageArnDataSource": {
            "modelPackageArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/x"
        }
    }
    for changes, words in (
        ({"uri": "s3://data/model/"}, "customer-escrow-123456789012-"),
        ({"roleArn": None}, "roleArn"),
        ({"modelSourceConfig": None}, "Exactly one of"),
        ({"customModelDataSource": source}, "Exactly one of"),
    ):
        code, message = cloud.refusal(create, **{"uri": escrow} | changes)
        assert code == "ValidationException"
        assert words in message
    arn = create(escrow)
    assert cloud.refusal(create, uri=escrow)[0] == "ConflictException"
    settled(arn)
    code, message = cloud.refusal(cloud.create_job, baseModelIdentifier="nova")
    assert code == "ValidationException"
    assert "cannot be customized" in message


@pytest.mark.parametrize("cloud", ["us-west-2"], indirect=True)
def test_elsewhere_there_is_no_nova_of_sagemaker(cloud, create):
    code, message = cloud.refusal(create, uri="s3://customer-escrow-123456789012-x/")
    assert code == "ValidationException"
    assert "us-east-1" in message
