"""Deployments, provisioned throughput, invocation, tags, and what it would have cost."""

import json

import pytest

from bedrock_customization_local.cloud.clock import Clock

NOVA_MICRO = "amazon.nova-micro-v1:0"
LLAMA_3_1, LLAMA_3_3 = "meta.llama3-1-8b-instruct-v1:0:128k", "meta.llama3-3-70b-instruct-v1:0:128k"


def test_a_deployed_model_answers_what_it_learned_and_the_base_model_does_not(cloud):
    arn = cloud.deployed(cloud.trained_model(hyperParameters={"epochCount": "5"}))
    assert cloud.answer(arn, "where is my card") == "card_arrival"
    assert cloud.answer(NOVA_MICRO, "where is my card") != "card_arrival"
    reply = cloud.question(arn, "where is my card")
    assert reply["stopReason"] == "end_turn"
    usage = reply["usage"]
    assert usage["inputTokens"] + usage["outputTokens"] == usage["totalTokens"]
    assert reply["metrics"]["latencyMs"] >= 1


def test_an_answer_is_cut_by_length_and_by_stop_sequence(cloud):
    arn = cloud.deployed(cloud.trained_model(hyperParameters={"epochCount": "5"}))
    reply = cloud.question(arn, "where is my card", stopSequences=["_arrival"])
    assert reply["stopReason"] == "stop_sequence"
    assert reply["output"]["message"]["content"][0]["text"] == "card"


def test_a_foundation_model_is_invoked_by_id_arn_and_profile(cloud):
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA_MICRO}"
    answers = {
        cloud.answer(name, "where is my card") for name in (NOVA_MICRO, arn, f"us.{NOVA_MICRO}")
    }
    assert len(answers) == 1


@pytest.mark.parametrize("name", ["amazon.nova-micro-v1:0:128k", "amazon.nothing-v1:0"])
def test_an_id_for_customization_and_an_unknown_id_cannot_be_invoked(cloud, name):
    code, _ = cloud.refusal(cloud.question, model_id=name, text="where is my card")
    assert code == "ValidationException"


def test_a_custom_model_is_not_invoked_by_its_own_arn(cloud):
    model = cloud.trained_model()
    code, message = cloud.refusal(
        cloud.runtime.invoke_model, modelId=model, body=json.dumps({"messages": []})
    )
    assert code == "ValidationException"
    assert "at 'modelId' failed to satisfy constraint" in message


def test_invoke_model_speaks_novas_own_words(cloud):
    arn = cloud.deployed(cloud.trained_model(hyperParameters={"epochCount": "5"}))
    body = {
        "system": [{"text": "Name the intent."}],
        "messages": [{"role": "user", "content": [{"text": "where is my card"}]}],
        "inferenceConfig": {"maxTokens": 20},
    }
    reply = cloud.runtime.invoke_model(modelId=arn, body=json.dumps(body))
    said = json.loads(reply["body"].read())
    assert said["output"]["message"]["content"] == [{"text": "card_arrival"}]


def test_a_malformed_body_is_refused(cloud):
    for body in ("{", "[]", json.dumps({"messages": "x"}), json.dumps({})):
        code, message = cloud.refusal(cloud.runtime.invoke_model, modelId=NOVA_MICRO, body=body)
        assert code == "ValidationException"
        assert message


def test_a_deployment_that_changes_is_neither_deleted_nor_updated(cloud):
    model = cloud.trained_model()
    arn = cloud.bedrock.create_custom_model_deployment(
        modelDeploymentName="deployment-1", modelArn=model
    )["customModelDeploymentArn"]
    code, message = cloud.refusal(
        cloud.bedrock.delete_custom_model_deployment, customModelDeploymentIdentifier=arn
    )
    assert (code, message) == (
        "ValidationException",
        "Custom model deployment is in a mutating state",
    )
    cloud.until(lambda: cloud.deployment(arn), lambda found: found["status"] == "Active")
    assert cloud.refusal(cloud.bedrock.delete_custom_model, modelIdentifier=model)[0] == (
        "ConflictException"
    )
    cloud.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert cloud.refusal(cloud.deployment, identifier=arn)[0] == "ResourceNotFoundException"
    cloud.bedrock.delete_custom_model(modelIdentifier=model)


def test_an_update_brings_another_model_under_the_same_arn(cloud):
    first = cloud.trained_model()
    cloud.put("train.jsonl", [cloud.record(f"where is card {n}", "other") for n in range(12)])
    second = cloud.trained_model(jobName="job-2", customModelName="model-2")
    arn = cloud.deployed(first)
    cloud.bedrock.update_custom_model_deployment(
        customModelDeploymentIdentifier=arn, modelArn=second
    )
    found = cloud.until(
        lambda: cloud.deployment(arn),
        lambda found: found["updateDetails"]["updateStatus"] == "UpdateCompleted",
    )
    assert found["modelArn"] == second
    assert cloud.answer(arn, "where is card 3") == "other"


def test_two_deployments_at_a_time_are_in_progress(cloud, monkeypatch):
    model = cloud.trained_model()
    # Or the first may be Active before the third is asked for.
    end = cloud.service._account.background.closing
    monkeypatch.setattr(Clock, "wait", lambda *_: end.wait())
    for number in range(2):
        cloud.bedrock.create_custom_model_deployment(
            modelDeploymentName=f"deployment-{number}", modelArn=model
        )
    create = cloud.bedrock.create_custom_model_deployment
    code, _ = cloud.refusal(create, modelDeploymentName="deployment-2", modelArn=model)
    assert code == "ServiceQuotaExceededException"
    code, message = cloud.refusal(create, modelDeploymentName="deployment-1", modelArn=model)
    assert code == "ValidationException"
    assert "modelDeploymentName" in message


@pytest.mark.parametrize("cloud", ["us-west-2"], indirect=True)
def test_a_model_that_needs_provisioned_throughput_is_not_deployed_on_demand(cloud):
    lines = [json.dumps({"prompt": f"question {n % 4}", "completion": "yes"}) for n in range(100)]
    cloud.put("train.jsonl", lines)
    model = cloud.trained_model(baseModelIdentifier=LLAMA_3_1)
    code, message = cloud.refusal(
        cloud.bedrock.create_custom_model_deployment,
        modelDeploymentName="deployment-1",
        modelArn=model,
    )
    assert code == "ValidationException"
    assert "Provisioned Throughput" in message
    arn = provisioned(cloud, model)
    reply = cloud.runtime.invoke_model(modelId=arn, body=json.dumps({"prompt": "question 1"}))
    assert json.loads(reply["body"].read())["generation"] == "yes"
    cloud.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert not cloud.bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"]


def provisioned(cloud, model):
    arn = cloud.bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="throughput-1", modelId=model
    )["provisionedModelArn"]
    cloud.until(
        lambda: cloud.bedrock.get_provisioned_model_throughput(provisionedModelId=arn),
        lambda found: found["status"] == "InService",
    )
    return arn


@pytest.mark.parametrize("cloud", ["us-west-2"], indirect=True)
def test_llama_3_3_takes_no_provisioned_throughput(cloud):
    code, message = cloud.refusal(
        cloud.bedrock.create_provisioned_model_throughput,
        modelUnits=1,
        provisionedModelName="throughput-1",
        modelId=LLAMA_3_3,
    )
    assert code == "ValidationException"
    assert "not supported" in message


def test_provisioned_units_beyond_the_quota_are_refused(cloud):
    code, _ = cloud.refusal(
        cloud.bedrock.create_provisioned_model_throughput,
        modelUnits=3,
        provisionedModelName="throughput-1",
        modelId="amazon.nova-micro-v1:0:128k",
    )
    assert code == "ServiceQuotaExceededException"


def test_the_meter_counts_what_aws_would_bill(cloud):
    arn = cloud.deployed(cloud.trained_model())
    cloud.answer(arn, "where is my card")
    throughput = provisioned(cloud, "amazon.nova-micro-v1:0:128k")
    lines = {(line.resource, line.unit.value): line for line in cloud.service.meter.lines()}
    job, model = cloud.job("job-1")["jobArn"], cloud.job("job-1")["outputModelArn"]
    training = lines[job, "training tokens"]
    assert training.usd == pytest.approx(training.quantity * 0.001 / 1000)
    assert lines[arn, "input tokens"].quantity > 0
    assert {line.resource for line in cloud.service.meter.running()} == {model, throughput}
    assert lines[throughput, "model unit hours"].quantity >= 1
    assert lines[throughput, "model unit hours"].usd is None, "the price is not known"
    cloud.bedrock.delete_provisioned_model_throughput(provisionedModelId=throughput)
    assert [line.resource for line in cloud.service.meter.running()] == [model]
    assert (throughput, "model unit hours") in {
        (line.resource, line.unit.value) for line in cloud.service.meter.lines()
    }


def test_tags_are_kept_with_each_resource(cloud):
    cloud.trained_model(
        jobTags=[{"key": "run", "value": "1"}], customModelTags=[{"key": "app", "value": "demo"}]
    )
    job, model = cloud.job("job-1")["jobArn"], cloud.job("job-1")["outputModelArn"]
    cloud.bedrock.tag_resource(resourceARN=model, tags=[{"key": "run", "value": "2"}])
    cloud.bedrock.untag_resource(resourceARN=job, tagKeys=["run"])
    assert cloud.bedrock.list_tags_for_resource(resourceARN=job)["tags"] == []
    tags = cloud.bedrock.list_tags_for_resource(resourceARN=model)["tags"]
    assert {tag["key"]: tag["value"] for tag in tags} == {"app": "demo", "run": "2"}


def test_there_is_one_invocation_logging_configuration(cloud):
    assert "loggingConfig" not in cloud.bedrock.get_model_invocation_logging_configuration()
    config = {"s3Config": {"bucketName": "data", "keyPrefix": "logs"}}
    cloud.bedrock.put_model_invocation_logging_configuration(loggingConfig=config)
    found = cloud.bedrock.get_model_invocation_logging_configuration()["loggingConfig"]
    assert found["s3Config"] == config["s3Config"]
    cloud.bedrock.delete_model_invocation_logging_configuration()
    assert "loggingConfig" not in cloud.bedrock.get_model_invocation_logging_configuration()
