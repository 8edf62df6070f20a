"""What fails a job for its data, and what a request is refused for."""

import json

import pytest

NOVA_2_LITE = "amazon.nova-2-lite-v1:0:256k"
LLAMA_3_1 = "meta.llama3-1-8b-instruct-v1:0:128k"


def prompt_completion(count):
    return [json.dumps({"prompt": f"question {n}", "completion": "yes"}) for n in range(count)]


def changed(record, **members):
    return json.dumps(json.loads(record) | members)


@pytest.mark.parametrize(
    ("break_line", "message"),
    [
        (lambda _: "", "line 9. Data files must conform to JSONL format"),
        (lambda line: "\ufeff" + line, "must conform to JSONL format"),
        (lambda line: line[:-2], "must conform to JSONL format"),
        (lambda _: "[" * 100_000, "must conform to JSONL format"),
        (lambda line: changed(line, messages=[]), "the last message must be the assistant's"),
        (
            lambda line: changed(line, messages=json.loads(line)["messages"][::-1]),
            "roles must alternate",
        ),
        (
            lambda line: line.replace("where", "User: where"),
            "the reserved keyword User: is not allowed",
        ),
        (
            lambda line: line.replace("where", "where " * 32_000),
            "exceeds limit of 32000 for train data",
        ),
        (lambda line: changed(line, schemaVersion=None), "schemaVersion"),
    ],
)
def test_one_bad_line_fails_the_job(cloud, break_line, message):
    cloud.put("train.jsonl", [*cloud.records[:8], break_line(cloud.records[0])])
    job = cloud.ended_job(cloud.create_job())
    assert job["status"] == "Failed"
    assert message in job["failureMessage"]
    assert "where is my card" not in job["failureMessage"]


def test_too_few_records_fail_the_job(cloud):
    cloud.put("train.jsonl", cloud.records[:7])
    message = cloud.ended_job(cloud.create_job())["failureMessage"]
    assert message == "The number of training records is 7, below the minimum of 8"


@pytest.mark.parametrize("cloud", ["us-west-2"], indirect=True)
def test_training_and_validation_records_count_together(cloud):
    cloud.put("train.jsonl", prompt_completion(9_999))
    cloud.put("validation.jsonl", prompt_completion(2))
    job = cloud.ended_job(
        cloud.create_job(
            baseModelIdentifier=LLAMA_3_1,
            validationDataConfig={"validators": [{"s3Uri": "s3://data/validation.jsonl"}]},
        )
    )
    assert job["status"] == "Failed"
    assert (
        "training and validation records is 10001, above the maximum of 10000"
        in (job["failureMessage"])
    )


@pytest.mark.parametrize("cloud", ["us-west-2"], indirect=True)
def test_records_of_another_family_fail_the_job(cloud):
    job = cloud.ended_job(cloud.create_job(baseModelIdentifier=LLAMA_3_1))
    assert "must follow" in job["failureMessage"]


def test_a_validation_set_fails_the_job_of_a_model_that_takes_none(cloud):
    job = cloud.ended_job(
        cloud.create_job(
            baseModelIdentifier=NOVA_2_LITE,
            validationDataConfig={"validators": [{"s3Uri": "s3://data/train.jsonl"}]},
        )
    )
    assert "validation dataset is not supported" in job["failureMessage"]


def test_a_missing_object_fails_the_job(cloud):
    job = cloud.ended_job(cloud.create_job(trainingDataConfig={"s3Uri": "s3://data/nothing.jsonl"}))
    assert "bucket: data at key nothing.jsonl" in job["failureMessage"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"baseModelIdentifier": "amazon.nova-micro-v1:0"}, "amazon.nova-micro-v1:0:128k"),
        ({"baseModelIdentifier": LLAMA_3_1}, "can be customized in us-west-2"),
        ({"baseModelIdentifier": "amazon.titan-text-express-v1:0:8k"}, "retired"),
        ({"baseModelIdentifier": "amazon.nothing-v1:0:8k"}, "identifier is invalid"),
        ({"customizationType": "CONTINUED_PRE_TRAINING"}, "does not support"),
        ({"customizationType": "IMPORTED"}, "customizationType"),
        ({"hyperParameters": {"epochCount": "6"}}, "epochCount"),
        ({"hyperParameters": {"epochs": "2"}}, "epochs"),
        ({"customizationType": "NOPE"}, "'customizationType' failed to satisfy constraint"),
        ({"jobName": "under_score"}, "'jobName' failed to satisfy constraint"),
        ({"jobName": "a" * 64}, "length less than or equal to 63"),
        ({"jobName": "-" * 63 + "!"}, "length less than or equal to 63"),
        ({"jobName": "a" + "-" * 61 + "!"}, "regular expression"),
        ({"customModelName": "a--b"}, "'customModelName' failed to satisfy constraint"),
        ({"outputDataConfig": {"s3Uri": "s3://output/day=1"}}, "'outputDataConfig.s3Uri'"),
        (
            {"validationDataConfig": {"validators": [{"s3Uri": "s3://data/a"}] * 11}},
            "size less than or equal to 10",
        ),
        ({"trainingDataConfig": {}}, "trainingDataConfig.s3Uri"),
        (
            {
                "trainingDataConfig": {
                    "invocationLogsConfig": {"invocationLogSource": {"s3Uri": "s3://data/logs"}}
                }
            },
            "does not learn from logs",
        ),
        ({"jobTags": [{"key": "a!", "value": ""}]}, "'jobTags.1.member.key' failed to satisfy"),
        (
            {"customModelTags": [{"key": "a", "value": "b" * 257}]},
            "'customModelTags.1.member.value' failed to satisfy",
        ),
        (
            {"vpcConfig": {"subnetIds": ["subnet-1"] * 17, "securityGroupIds": ["sg-1"]}},
            "'vpcConfig.subnetIds' failed to satisfy",
        ),
        (
            {"vpcConfig": {"subnetIds": ["subnet_1"], "securityGroupIds": ["sg-1"]}},
            "'vpcConfig.subnetIds.1.member' failed to satisfy",
        ),
        (
            {"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"] * 6}},
            "'vpcConfig.securityGroupIds' failed to satisfy",
        ),
        ({"customModelKmsKeyId": "key!"}, "'customModelKmsKeyId' failed to satisfy"),
        ({"roleArn": "arn:aws:iam::1:role/x"}, "'roleArn' failed to satisfy"),
        ({"clientRequestToken": "-a"}, "'clientRequestToken' failed to satisfy"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused_by_name(cloud, changes, message):
    code, said = cloud.refusal(cloud.create_job, **changes)
    assert code == "ValidationException"
    assert message in said
    assert not cloud.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]


def test_what_is_not_emulated_says_so(cloud):
    code, message = cloud.refusal(
        cloud.bedrock.create_guardrail,
        name="guardrail",
        blockedInputMessaging="no",
        blockedOutputsMessaging="no",
    )
    assert (code, message) == ("NotEmulated", "CreateGuardrail is not emulated")


def test_no_model_takes_continued_pre_training_any_more(cloud):
    code, message = cloud.refusal(
        cloud.create_job,
        customizationType="CONTINUED_PRE_TRAINING",
        baseModelIdentifier="amazon.titan-text-express-v1:0:8k",
    )
    assert code == "ValidationException"
    assert "is retired; no active base model of its kind supports" in message


@pytest.mark.parametrize(
    ("method", "ids"),
    [
        ("DISTILLATION", {"amazon.nova-micro-v1:0:128k", "amazon.nova-lite-v1:0:300k"}),
        ("CONTINUED_PRE_TRAINING", set()),
    ],
)
def test_foundation_models_are_listed_by_method(cloud, method, ids):
    found = cloud.bedrock.list_foundation_models(byCustomizationType=method)["modelSummaries"]
    assert {model["modelId"] for model in found} >= ids
    assert bool(found) == bool(ids)


def test_a_teacher_is_a_foundation_model_with_a_lifecycle(cloud):
    details = cloud.bedrock.get_foundation_model(modelIdentifier="amazon.nova-pro-v1:0")
    assert details["modelDetails"]["modelLifecycle"]["status"] == "ACTIVE"
    assert details["modelDetails"]["inferenceTypesSupported"] == ["ON_DEMAND"]
    missing = {"modelIdentifier": "amazon.nova-premier-v1:0"}
    assert cloud.refusal(cloud.bedrock.get_foundation_model, **missing)[0] == (
        "ResourceNotFoundException"
    )


def test_an_inference_profile_tells_its_models(cloud):
    get = cloud.bedrock.get_inference_profile
    profile = get(inferenceProfileIdentifier="us.amazon.nova-pro-v1:0")
    assert profile["status"] == "ACTIVE"
    regions = [model["modelArn"].split(":")[3] for model in profile["models"]]
    assert regions == ["us-east-1", "us-east-2", "us-west-2"]
    assert get(inferenceProfileIdentifier=profile["inferenceProfileArn"])["models"]
    missing = {"inferenceProfileIdentifier": "us.amazon.nothing-v1:0"}
    assert cloud.refusal(get, **missing)[0] == "ResourceNotFoundException"


def test_foundation_models_are_those_of_the_catalogue(cloud):
    customizable = cloud.bedrock.list_foundation_models(byCustomizationType="FINE_TUNING")
    ids = {model["modelId"] for model in customizable["modelSummaries"]}
    assert "amazon.nova-micro-v1:0:128k" in ids
    assert "amazon.nova-micro-v1:0" not in ids
    assert not any(model_id.startswith("meta.") for model_id in ids), "Llama is in us-west-2"
    details = cloud.bedrock.get_foundation_model(modelIdentifier="amazon.nova-micro-v1:0:128k")
    assert details["modelDetails"]["modelLifecycle"]["status"] == "ACTIVE"
    assert details["modelDetails"]["inferenceTypesSupported"] == ["PROVISIONED"]
