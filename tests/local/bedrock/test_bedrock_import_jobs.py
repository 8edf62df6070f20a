"""Custom Model Import over real HTTP: jobs, imported models, their invocation and their bill."""

import json

import numpy as np
import pytest

from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder
from bedrock_customization_local.cloud.bedrock.tinylm.tensor_file import encode
from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings, Training
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, split_words

ROLE = "arn:aws:iam::123456789012:role/customization"
SYSTEM = "Name the intent."
QUESTION, ANSWER = "where is my card", "card_arrival"
PAIRS = [
    *((text, ANSWER) for text in (QUESTION, "my card is late", "no card yet")),
    *((text, "lost_phone") for text in ("my phone is gone", "phone stolen today", "no phone")),
]


@pytest.fixture(scope="module")
def model():
    records = [
        Record(split_words(f"{SYSTEM}\n\n{question}"), split_words(answer))
        for question, answer in PAIRS
    ]
    training = Training(records, [], Settings(epochs=5))
    for _ in training:
        pass
    return training.model


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    write_model_folder(model, folder, shards=2)
    return folder


@pytest.fixture
def staged(cloud, folder):
    """Put a folder where jobs find it, with other files in the place of some."""

    def put(prefix="models/tiny", **others):
        files = {path.name: path.read_bytes() for path in folder.iterdir()} | others
        for name, content in files.items():
            if content is not None:
                cloud.s3.put_object(Bucket="data", Key=f"{prefix}/{name}", Body=content)
        return f"s3://data/{prefix}/"

    return put


@pytest.fixture
def create(cloud):
    def create(uri, name="tiny", **more):
        return cloud.bedrock.create_model_import_job(
            jobName=f"job-{name}",
            importedModelName=name,
            roleArn=ROLE,
            modelDataSource={"s3DataSource": {"s3Uri": uri}},
            **more,
        )["jobArn"]

    return create


@pytest.fixture
def ended(cloud):
    def ended(job):
        return cloud.until(
            lambda: cloud.bedrock.get_model_import_job(jobIdentifier=job),
            lambda found: found["status"] != "InProgress",
        )

    return ended


@pytest.fixture
def imported(staged, create, ended):
    def imported(name="tiny", files=(), **more):
        job = ended(create(staged(f"models/{name}", **dict(files)), name, **more))
        assert job["status"] == "Completed", job
        return job["importedModelArn"]

    return imported


def warm(cloud, arn, **body):
    """Ask until a copy is there."""

    def ask():
        try:
            reply = cloud.runtime.invoke_model(modelId=arn, body=json.dumps(body))
        except cloud.runtime.exceptions.ModelNotReadyException:
            return {}
        return json.loads(reply["body"].read())

    return cloud.until(ask, bool)


def test_a_model_is_imported_and_answers_as_it_was_trained(cloud, staged, create, ended):
    uri = staged()
    tags = [{"key": "run", "value": "1"}]
    arn = create(uri, jobTags=tags, importedModelTags=tags)
    job = cloud.bedrock.get_model_import_job(jobIdentifier=arn)
    assert (job["status"], job["importedModelName"]) == ("InProgress", "tiny")
    assert "importedModelArn" not in job
    job = ended("job-tiny")
    assert (job["status"], job["jobArn"]) == ("Completed", arn)
    assert job["creationTime"] <= job["endTime"] == job["lastModifiedTime"]
    model = cloud.bedrock.get_imported_model(modelIdentifier="tiny")
    assert model["modelArn"] == job["importedModelArn"]
    assert model["modelArchitecture"] == "LlamaForCausalLM"
    assert model["instructSupported"] is True
    assert model["customModelUnits"] == {
        "customModelUnitsPerModelCopy": 1,
        "customModelUnitsVersion": "v1.0",
    }
    assert model["modelDataSource"] == {"s3DataSource": {"s3Uri": uri}}
    for resource in (arn, model["modelArn"]):
        assert cloud.bedrock.list_tags_for_resource(resourceARN=resource)["tags"] == tags
    (summary,) = cloud.bedrock.list_imported_models(nameContains="tin")["modelSummaries"]
    assert summary["modelArn"] == model["modelArn"]
    (summary,) = cloud.bedrock.list_model_import_jobs(statusEquals="Completed")[
        "modelImportJobSummaries"
    ]
    assert summary["importedModelArn"] == model["modelArn"]
    assert not cloud.bedrock.list_model_import_jobs(statusEquals="Failed")[
        "modelImportJobSummaries"
    ]
    warm(cloud, model["modelArn"], prompt="hello", max_gen_len=1)
    assert cloud.answer(model["modelArn"], QUESTION) == ANSWER
    cloud.bedrock.delete_imported_model(modelIdentifier=model["modelArn"])
    for call, name in (
        (cloud.bedrock.get_imported_model, "modelIdentifier"),
        (cloud.bedrock.delete_imported_model, "modelIdentifier"),
        (cloud.runtime.converse, "modelId"),
    ):
        code, _ = cloud.refusal(call, **{name: model["modelArn"]})
        assert code == "ResourceNotFoundException"


def test_an_imported_model_is_asked_in_three_formats(cloud, imported):
    arn = imported()
    prompt = f"{SYSTEM}\n\n{QUESTION}"
    bedrock = warm(cloud, arn, prompt=prompt, max_gen_len=64)
    assert (bedrock["generation"], bedrock["stop_reason"]) == (ANSWER, "stop")
    assert bedrock["prompt_token_count"] > bedrock["generation_token_count"] > 0
    text = warm(cloud, arn, prompt=prompt, max_tokens=64)
    assert (text["object"], text["model"]) == ("text_completion", arn)
    assert text["choices"][0]["text"] == ANSWER
    usage = text["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    chat = warm(cloud, arn, messages=messages, max_tokens=64)
    assert chat["object"] == "chat.completion"
    (choice,) = chat["choices"]
    assert choice["message"] == {"role": "assistant", "content": ANSWER}
    assert choice["finish_reason"] == "stop"
    parts = [{"role": "user", "content": [{"type": "text", "text": f"{SYSTEM}\n\n{QUESTION}"}]}]
    assert warm(cloud, arn, messages=parts)["choices"][0]["message"]["content"] == ANSWER
    cut = warm(cloud, arn, prompt=prompt, max_tokens=64, stop="card")
    assert cut["choices"][0]["text"] == ""
    for body in ({}, {"prompt": 3}, {"messages": []}, {"messages": [{"role": "user"}]}, []):
        code, _ = cloud.refusal(cloud.runtime.invoke_model, modelId=arn, body=json.dumps(body))
        assert code == "ValidationException"
    code, _ = cloud.refusal(
        cloud.runtime.invoke_model,
        modelId=arn,
        body=json.dumps({"messages": messages, "tools": [1]}),
    )
    assert code == "NotEmulated"


def test_a_model_that_nobody_asked_is_not_ready_at_first(cloud, imported):
    arn = imported()
    with pytest.raises(cloud.runtime.exceptions.ModelNotReadyException) as caught:
        cloud.answer(arn, QUESTION)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    warm(cloud, arn, prompt="hello")
    assert cloud.answer(arn, QUESTION) == ANSWER
    cloud.service.faults.inject(Fault(name="cold", kind=FaultKind.COLD_START, job="tiny"))
    with pytest.raises(cloud.runtime.exceptions.ModelNotReadyException):
        cloud.answer(arn, QUESTION)
    warm(cloud, arn, prompt="hello")
    assert cloud.service.faults.injected == ("cold",)


def test_an_imported_model_bills_its_storage_and_the_windows_in_which_it_answers(cloud, imported):
    arn = imported()

    def lines():
        return {one.unit.value: one for one in cloud.service.meter.lines() if one.resource == arn}

    assert set(lines()) == {"custom model unit months"}, "who does not ask does not pay"
    warm(cloud, arn, prompt="hello")
    minutes = lines()["custom model unit minutes"]
    assert minutes.quantity % 5 == 0
    assert minutes.quantity > 0
    assert minutes.usd == pytest.approx(minutes.quantity * 0.0785)
    months = lines()["custom model unit months"]
    assert months.usd == pytest.approx(months.quantity * 1.95)
    assert arn in {line.resource for line in cloud.service.meter.running()}
    cloud.bedrock.delete_imported_model(modelIdentifier=arn)
    assert not cloud.service.meter.running()
    assert "custom model unit minutes" in lines()


def test_one_import_runs_at_a_time_and_the_refusal_asks_for_what_nobody_can_raise(
    cloud, staged, create, ended
):
    uri = staged()
    first = create(uri, "first")
    code, message = cloud.refusal(create, uri=uri, name="second")
    assert code == "ServiceQuotaExceededException"
    assert "Request a quota increase for Concurrent model import jobs" in message
    ended(first)
    assert ended(create(uri, "second"))["status"] == "Completed"


def test_an_account_has_three_imported_models(cloud, staged, create, ended):
    uri = staged()
    for name in ("one", "two", "three"):
        ended(create(uri, name))
    code, message = cloud.refusal(create, uri=uri, name="four")
    assert code == "ServiceQuotaExceededException"
    assert "Imported models per account" in message
    cloud.bedrock.delete_imported_model(modelIdentifier="two")
    assert ended(create(uri, "four"))["status"] == "Completed"
    quotas = cloud.client("service-quotas")
    for quota, value, adjustable in (("L-5F098EFA", 1, False), ("L-45B04988", 3, True)):
        found = quotas.get_service_quota(ServiceCode="bedrock", QuotaCode=quota)["Quota"]
        assert (found["Value"], found["Adjustable"]) == (value, adjustable)


def test_names_are_taken_and_a_token_makes_a_request_the_same(cloud, staged, create, ended):
    uri = staged()
    job = create(uri, clientRequestToken="token-1")
    assert create(uri, clientRequestToken="token-1") == job
    ended(job)
    code, message = cloud.refusal(create, uri=uri)
    assert (code, message) == ("ValidationException", "The provided job name is currently in use.")
    request = {
        "jobName": "job-other",
        "importedModelName": "tiny",
        "roleArn": ROLE,
        "modelDataSource": {"s3DataSource": {"s3Uri": uri}},
    }
    code, message = cloud.refusal(cloud.bedrock.create_model_import_job, **request)
    assert code == "ValidationException"
    assert "imported model name" in message
    code, _ = cloud.refusal(
        cloud.bedrock.create_model_import_job,
        **{**request, "importedModelName": "other"},
        clientRequestToken="token-1",
    )
    assert code == "ConflictException"


def test_a_folder_that_cannot_be_imported_fails_the_job(cloud, staged, create, ended):
    job = ended(create(staged(**{"tokenizer.json": None}), "broken"))
    assert job["status"] == "Failed"
    assert "A tokenizer is missing" in job["failureMessage"]
    assert "importedModelArn" not in job
    assert not cloud.bedrock.list_imported_models()["modelSummaries"]
    cloud.service.faults.inject(Fault(name="no", kind=FaultKind.FAIL_IMPORT, message="as asked"))
    assert ended(create(staged(), "fine"))["failureMessage"] == "as asked"


@pytest.mark.parametrize(
    ("denied", "words"),
    [
        ("ListObjectsV2", "ListBucket"),
        ("GetObject", "GetObject"),
    ],
)
def test_a_job_reads_as_its_role(cloud, staged, create, ended, denied, words):
    cloud.roles.denied = {denied}
    job = ended(create(staged()))
    assert job["status"] == "Failed"
    assert f"Could not validate {words} permissions" in job["failureMessage"]


def test_a_role_that_bedrock_may_not_assume_is_refused_at_once(cloud, staged, create):
    cloud.roles.denied = {"AssumeRole"}
    code, message = cloud.refusal(create, uri=staged())
    assert code == "ValidationException"
    assert message.startswith("The provided role ARN is invalid")
    assert ":model-import-job/" in cloud.roles.asked[-1][1]


def test_a_model_with_a_key_of_the_customers_says_so(cloud, imported):
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    arn = imported(importedModelKmsKeyId=key)
    assert cloud.bedrock.get_imported_model(modelIdentifier=arn)["modelKmsKeyArn"] == key
    assert ("kms:CreateGrant", key) in cloud.roles.asked


@pytest.mark.parametrize("cloud", ["us-west-1"], indirect=True)
def test_elsewhere_there_is_no_import(cloud, staged, create):
    code, message = cloud.refusal(create, uri=staged())
    assert code == "ValidationException"
    assert "not supported in us-west-1" in message


def test_the_weights_of_another_model_answer_as_an_untrained_one(cloud, imported):
    weights = encode({"model.embed_tokens.weight": np.zeros((3, 2), np.float32)}, {})
    ours = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    left_out = dict.fromkeys([*ours, "model.safetensors.index.json"])
    arn = imported(files=left_out | {"model.safetensors": weights})
    said = warm(cloud, arn, prompt=QUESTION, max_gen_len=8)
    assert said["generation"] != ANSWER
    assert said["stop_reason"] == "length"
    assert warm(cloud, arn, prompt=QUESTION, max_gen_len=8) == said


def test_a_model_without_a_chat_template_is_asked_by_prompts_alone(cloud, imported):
    arn = imported(files={"tokenizer_config.json": b"{}"})
    assert not cloud.bedrock.get_imported_model(modelIdentifier=arn)["instructSupported"]
    assert warm(cloud, arn, prompt=f"{SYSTEM}\n\n{QUESTION}")["generation"] == ANSWER
    code, message = cloud.refusal(cloud.answer, model_id=arn, text=QUESTION)
    assert code == "ValidationException"
    assert "instructSupported" in message
    body = {"messages": [{"role": "user", "content": QUESTION}]}
    code, message = cloud.refusal(cloud.runtime.invoke_model, modelId=arn, body=json.dumps(body))
    assert code == "ValidationException"
    assert "no chat template" in message


def test_a_chat_template_that_fails_is_told(cloud, imported):
    settings = {"chat_template": "{{ raise_exception('no') }}"}
    arn = imported(files={"tokenizer_config.json": json.dumps(settings).encode()})
    code, message = cloud.refusal(cloud.answer, model_id=arn, text=QUESTION)
    assert code == "ValidationException"
    assert "chat template failed" in message
