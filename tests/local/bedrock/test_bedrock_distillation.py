"""Distillation: a student learns what its teacher answers, from prompts or from invocation logs."""

import gzip
import itertools
import json

import pytest

NOVA_MICRO = "amazon.nova-micro-v1:0"
NOVA_PRO = "amazon.nova-pro-v1:0"
PROFILE = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{NOVA_PRO}"
LLAMA_3_1 = "meta.llama3-1-8b-instruct-v1:0:128k"
ANSWERS = {"card": "card_arrival", "phone": "lost_phone", "rate": "exchange_rate"}
OPENINGS = ["where is", "help with", "a word on", "tell me of", "what about"]
ENDINGS = ["my {}", "the {}", "my own {}", "this {}", "that old {}", "our {}", "a {}", "one {}"]
QUESTIONS = {
    f"{opening} {ending.format(thing)}": answer
    for (thing, answer), opening, ending in itertools.product(ANSWERS.items(), OPENINGS, ENDINGS)
}


def prompt(question, answer=None):
    messages = [{"role": "user", "content": [{"text": question}]}]
    if answer is not None:
        messages.append({"role": "assistant", "content": [{"text": answer}]})
    return json.dumps(
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "Name the intent."}],
            "messages": messages,
        }
    )


def logged(question, answer, model=NOVA_PRO, **members):
    """Return an invocation log as the user guide shows it."""
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "operation": "Converse",
        "modelId": model,
        "input": {
            "inputBodyJson": {
                "system": [{"text": "Name the intent."}],
                "messages": [{"role": "user", "content": [{"text": question}]}],
            }
        },
        "output": {
            "outputBodyJson": {
                "output": {"message": {"role": "assistant", "content": [{"text": answer}]}}
            }
        },
        **members,
    }


def put_logs(cloud, records, key="logs/part.json.gz"):
    body = gzip.compress("".join(f"{json.dumps(record)}\n" for record in records).encode())
    cloud.s3.put_object(Bucket="data", Key=key, Body=body)


def teacher(identifier=NOVA_PRO, **more):
    config = {"teacherModelIdentifier": identifier, **more}
    return {"distillationConfig": {"teacherModelConfig": config}}


def rewards():
    function = "arn:aws:lambda:us-east-1:123456789012:function:grader"
    return {"rftConfig": {"graderConfig": {"lambdaGrader": {"lambdaArn": function}}}}


def request(**changes):
    return {
        "customizationType": "DISTILLATION",
        "customizationConfig": teacher(),
        "hyperParameters": {},
        **changes,
    }


def from_logs(**changes):
    source = {"invocationLogSource": {"s3Uri": "s3://data/logs"}, **changes}
    return request(trainingDataConfig={"invocationLogsConfig": source})


def charges(cloud, arn):
    return {
        line.unit.value: line.quantity
        for line in cloud.service.meter.lines()
        if line.resource == arn
    }


def says(cloud, model, question):
    return cloud.answer(cloud.deployed(model), question)


def test_a_student_learns_golden_answers_and_the_teacher_is_not_asked_for_them(cloud):
    cloud.put("train.jsonl", [prompt(question, answer) for question, answer in QUESTIONS.items()])
    model = cloud.trained_model(**request())
    assert says(cloud, model, "help with my card") == "card_arrival"
    job = cloud.job("job-1")
    assert job["customizationConfig"] == teacher()
    assert job["customizationType"] == "DISTILLATION"
    assert set(charges(cloud, job["jobArn"])) == {"training tokens"}
    found = cloud.bedrock.get_custom_model(modelIdentifier=model)
    assert found["customizationConfig"] == teacher()


def test_the_teacher_answers_like_the_golden_prompt_nearest_and_is_charged(cloud):
    lines = [
        prompt(question, answer if number % 2 else None)
        for number, (question, answer) in enumerate(QUESTIONS.items())
    ]
    cloud.put("train.jsonl", lines)
    model = cloud.trained_model(**request())
    assert says(cloud, model, "where is my phone") == "lost_phone"
    charged = charges(cloud, cloud.job("job-1")["jobArn"])
    assert charged["input tokens"] > 60 * 4
    assert 0 < charged["output tokens"] < charged["training tokens"]


def test_what_a_foundation_model_was_told_it_says_and_teaches(cloud):
    cloud.service.teach(NOVA_PRO, list(QUESTIONS.items()))
    assert cloud.answer(NOVA_PRO, "help with my card") == "card_arrival"
    cloud.put("train.jsonl", [prompt(question) for question in QUESTIONS])
    model = cloud.trained_model(**request())
    assert says(cloud, model, "a word on our rate") == "exchange_rate"


def test_a_teacher_that_knows_nothing_teaches_noise(cloud):
    cloud.put("train.jsonl", [prompt(question) for question in QUESTIONS])
    model = cloud.trained_model(**request())
    assert says(cloud, model, "help with my card") not in ANSWERS.values()


def test_an_answer_is_as_long_as_the_request_allows(cloud):
    cloud.service.teach(NOVA_PRO, [("where is", "one two three four")])
    lines = [prompt(f"where is {n}") for n in range(100)]
    cloud.put("train.jsonl", lines)
    config = teacher(maxResponseLengthForInference=2)
    model = cloud.trained_model(**request(customizationConfig=config))
    assert says(cloud, model, "where is 7") == "one two"


def test_logged_responses_are_the_labels_and_cost_no_teacher_tokens(cloud):
    put_logs(cloud, [logged(question, answer) for question, answer in QUESTIONS.items()])
    model = cloud.trained_model(**from_logs(usePromptResponse=True))
    assert says(cloud, model, "help with my card") == "card_arrival"
    assert set(charges(cloud, cloud.job("job-1")["jobArn"])) == {"training tokens"}


def test_without_logged_responses_the_teacher_is_asked_again(cloud):
    put_logs(cloud, [logged(question, answer) for question, answer in QUESTIONS.items()])
    model = cloud.trained_model(**from_logs())
    assert says(cloud, model, "help with my card") == "card_arrival"
    assert "output tokens" in charges(cloud, cloud.job("job-1")["jobArn"])


def test_logs_of_another_model_do_not_answer_for_the_teacher(cloud):
    records = [logged(q, a, model="amazon.nova-lite-v1:0") for q, a in QUESTIONS.items()]
    put_logs(cloud, records)
    job = cloud.ended_job(cloud.create_job(**from_logs(usePromptResponse=True)))
    assert job["failureMessage"] == "The number of training records is 0, below the minimum of 100"


@pytest.mark.usefixtures("brief_training")
def test_logs_are_those_of_a_profile_of_the_teacher_too(cloud):
    put_logs(cloud, [logged(q, a, model=PROFILE) for q, a in QUESTIONS.items()])
    assert cloud.trained_model(**from_logs(usePromptResponse=True))


@pytest.mark.parametrize(
    "broken",
    [
        {"errorCode": "ThrottlingException"},
        {"output": {}},
        {"input": {"inputBodyS3Path": "s3://data/elsewhere"}},
        {"input": {"inputBodyJson": {"messages": [{"role": "user"}] * 3}}},
        {"input": {"inputBodyJson": {"messages": [{"role": "user", "content": [{"image": 1}]}]}}},
        {"schemaType": "SomethingElse"},
    ],
)
def test_a_log_that_cannot_be_used_does_not_count(cloud, broken):
    records = [logged(q, a) for q, a in list(QUESTIONS.items())[:100]]
    put_logs(cloud, [*records[:99], records[99] | broken])
    job = cloud.ended_job(cloud.create_job(**from_logs()))
    assert "training records is 99" in job["failureMessage"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"equals": {"app": "bank"}}, 40),
        ({"notEquals": {"app": "bank"}}, 80),
        ({"andAll": [{"equals": {"app": "bank"}}, {"notEquals": {"tier": "gold"}}]}, 20),
        ({"orAll": [{"equals": {"app": "bank"}}, {"equals": {"tier": "gold"}}]}, 80),
    ],
)
def test_logs_are_chosen_by_their_request_metadata(cloud, filters, count):
    records = [
        logged(
            question,
            answer,
            requestMetadata={"app": "bank" if n % 3 == 0 else "shop", "tier": "gold"}
            if n % 2
            else {"app": "bank" if n % 3 == 0 else "shop"},
        )
        for n, (question, answer) in enumerate(QUESTIONS.items())
    ]
    put_logs(cloud, records)
    job = cloud.ended_job(cloud.create_job(**from_logs(requestMetadataFilters=filters)))
    assert f"training records is {count}, below" in job["failureMessage"]


def test_a_validation_set_fails_a_distillation_from_prompts_and_from_logs(cloud):
    put_logs(cloud, [logged(question, answer) for question, answer in QUESTIONS.items()])
    cloud.put("train.jsonl", [prompt(question, answer) for question, answer in QUESTIONS.items()])
    validation = {"validators": [{"s3Uri": "s3://data/train.jsonl"}]}
    for number, source in enumerate((request(), from_logs())):
        names = {"jobName": f"job-{number}", "customModelName": f"model-{number}"}
        job = cloud.ended_job(cloud.create_job(**source, **names, validationDataConfig=validation))
        assert "validation dataset is not supported" in job["failureMessage"]


def test_a_file_that_is_no_log_fails_the_job(cloud):
    cloud.s3.put_object(Bucket="data", Key="logs/a.gz", Body=b"no gzip")
    job = cloud.ended_job(cloud.create_job(**from_logs()))
    assert "Unable to parse Amazon S3 file logs/a.gz" in job["failureMessage"]


@pytest.mark.slow
def test_invocations_of_the_embedded_bedrock_are_logged_and_taught(cloud):
    cloud.service.teach(NOVA_PRO, list(QUESTIONS.items()))
    place = {"bucketName": "data", "keyPrefix": "logs"}
    cloud.bedrock.put_model_invocation_logging_configuration(loggingConfig={"s3Config": place})
    for number, question in enumerate(QUESTIONS):
        cloud.runtime.converse(
            modelId=NOVA_PRO,
            system=[{"text": "Name the intent."}],
            messages=[{"role": "user", "content": [{"text": question}]}],
            requestMetadata={"app": "bank", "half": str(number % 2)},
        )
    body = {"messages": [{"role": "user", "content": [{"text": "a word on our rate"}]}]}
    cloud.runtime.invoke_model(
        modelId=NOVA_PRO, body=json.dumps(body), requestMetadata=json.dumps({"app": "other"})
    )
    records = delivered(cloud, len(QUESTIONS) + 1)
    first = records[0]
    assert (first["schemaType"], first["schemaVersion"]) == ("ModelInvocationLog", "1.0")
    assert first["requestMetadata"] == {"app": "bank", "half": "0"}
    assert first["modelId"] == NOVA_PRO
    assert first["input"]["inputTokenCount"] > 0
    assert first["output"]["outputBodyJson"]["stopReason"] == "end_turn"
    last = records[-1]
    assert (last["operation"], last["requestMetadata"]) == ("InvokeModel", {"app": "other"})
    assert last["input"]["inputBodyJson"] == body
    filters = {"equals": {"app": "bank"}}
    model = cloud.trained_model(**from_logs(usePromptResponse=True, requestMetadataFilters=filters))
    assert says(cloud, model, "help with my card") == "card_arrival"


def objects(cloud):
    found = cloud.s3.list_objects_v2(Bucket="data", Prefix="logs/").get("Contents", [])
    return {
        item["Key"]: gzip.decompress(
            cloud.s3.get_object(Bucket="data", Key=item["Key"])["Body"].read()
        )
        for item in found
        if item["Key"].endswith(".gz")
    }


def delivered(cloud, count):
    """Return the log records, once there are so many."""

    def look():
        records = [
            json.loads(line)
            for key, body in objects(cloud).items()
            if "/data/" not in key
            for line in body.splitlines()
        ]
        return {"records": records}

    found = cloud.until(look, lambda found: len(found["records"]) >= count)["records"]
    return sorted(found, key=lambda record: record["operation"])


def test_logs_lie_where_the_user_guide_says(cloud):
    place = {"bucketName": "data", "keyPrefix": "logs"}
    cloud.bedrock.put_model_invocation_logging_configuration(loggingConfig={"s3Config": place})
    cloud.answer(NOVA_MICRO, "where is my card")
    (record,) = delivered(cloud, 1)
    (key,) = objects(cloud)
    stamp = record["timestamp"]
    hour = f"{stamp[:4]}/{stamp[5:7]}/{stamp[8:10]}/"
    assert key.startswith(f"logs/AWSLogs/123456789012/BedrockModelInvocationLogs/us-east-1/{hour}")
    assert key.endswith(".json.gz")


def test_a_large_body_becomes_an_object_of_its_own(cloud):
    place = {"bucketName": "data", "keyPrefix": "logs"}
    cloud.bedrock.put_model_invocation_logging_configuration(loggingConfig={"s3Config": place})
    cloud.answer(NOVA_MICRO, "word " * 25_000)
    (record,) = delivered(cloud, 1)
    path = record["input"]["inputBodyS3Path"]
    assert "inputBodyJson" not in record["input"]
    body = json.loads(objects(cloud)[path.removeprefix("s3://data/")])
    assert body["messages"][0]["content"][0]["text"].startswith("word word")


def test_a_bucket_that_bedrock_may_not_write_to_is_refused(cloud):
    cloud.roles.denied.add("s3:PutObject")
    place = {"bucketName": "data", "keyPrefix": "logs"}
    code, message = cloud.refusal(
        cloud.bedrock.put_model_invocation_logging_configuration,
        loggingConfig={"s3Config": place},
    )
    assert code == "ValidationException"
    assert "Failed to validate permissions" in message


def test_nothing_is_logged_without_a_configuration_or_without_text(cloud):
    place = {"bucketName": "data", "keyPrefix": "logs"}
    config = {"s3Config": place, "textDataDeliveryEnabled": False}
    cloud.answer(NOVA_MICRO, "where is my card")
    cloud.bedrock.put_model_invocation_logging_configuration(loggingConfig=config)
    cloud.answer(NOVA_MICRO, "where is my card")
    config["textDataDeliveryEnabled"] = True
    cloud.bedrock.put_model_invocation_logging_configuration(loggingConfig=config)
    cloud.answer(NOVA_MICRO, "the only one")
    (record,) = delivered(cloud, 1)
    assert "the only one" in json.dumps(record)


@pytest.mark.usefixtures("brief_training")
def test_invalid_prompts_are_left_out_and_too_few_fail_the_job(cloud):
    good = [prompt(question, answer) for question, answer in QUESTIONS.items()][:100]
    bad = [
        json.dumps(json.loads(good[0]) | {"extra": 1}),
        json.dumps(json.loads(good[0]) | {"system": []}),
        json.dumps(json.loads(good[0]) | {"schemaVersion": "other"}),
        prompt("long " * 4_000),
    ]
    cloud.put("train.jsonl", [*bad, *good])
    assert cloud.trained_model(**request())
    cloud.put("train.jsonl", [*bad, *good[:99]])
    names = {"jobName": "job-2", "customModelName": "model-2"}
    job = cloud.ended_job(cloud.create_job(**request(), **names))
    assert "training records is 99, below the minimum of 100" in job["failureMessage"]


@pytest.mark.parametrize("denied", ["InvokeModel", "bedrock:InvokeModel", "ListObjectsV2"])
def test_a_role_without_a_right_fails_the_job(cloud, denied):
    put_logs(cloud, [logged(question, answer) for question, answer in QUESTIONS.items()])
    cloud.roles.denied.add(denied)
    job = cloud.ended_job(
        cloud.create_job(**from_logs() | {"customizationConfig": teacher(PROFILE)})
    )
    assert job["status"] == "Failed"
    assert "Could not validate" in job["failureMessage"]
    assert job["statusDetails"]["validationDetails"]["status"] == "Failed"


@pytest.mark.usefixtures("brief_training")
def test_a_profile_needs_the_right_to_its_model_in_every_region(cloud):
    cloud.put("train.jsonl", [prompt(question, answer) for question, answer in QUESTIONS.items()])
    cloud.trained_model(**request(customizationConfig=teacher(f"us.{NOVA_PRO}")))
    models = [arn for action, arn in cloud.roles.asked if action == "bedrock:InvokeModel"]
    assert models == [
        f"arn:aws:bedrock:{region}::foundation-model/{NOVA_PRO}"
        for region in ("us-east-1", "us-east-2", "us-west-2")
    ]
    assert ("InvokeModel", f"us.{NOVA_PRO}") in cloud.roles.asked


def test_a_stopped_distillation_leaves_no_model(cloud):
    cloud.put("train.jsonl", [prompt(question) for question in QUESTIONS])
    arn = cloud.create_job(**request())
    cloud.until(
        lambda: cloud.job(arn),
        lambda job: job["statusDetails"]["dataProcessingDetails"]["status"] != "NotStarted",
    )
    cloud.bedrock.stop_model_customization_job(jobIdentifier=arn)
    job = cloud.ended_job(arn)
    assert job["status"] == "Stopped"
    assert not cloud.bedrock.list_custom_models()["modelSummaries"]


@pytest.mark.usefixtures("brief_training")
def test_a_custom_model_can_be_distilled_further(cloud):
    cloud.put("train.jsonl", [prompt(question, answer) for question, answer in QUESTIONS.items()])
    first = cloud.trained_model(**request())
    names = {"jobName": "job-2", "customModelName": "model-2"}
    second = cloud.trained_model(**request(baseModelIdentifier=first), **names)
    assert cloud.bedrock.get_custom_model(modelIdentifier=second)["baseModelArn"] == first


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"customizationConfig": rewards()},
            "customizationConfig.rftConfig: DISTILLATION does not",
        ),
        ({"customizationConfig": teacher("amazon.nova-lite-v1:0")}, "cannot teach"),
        ({"customizationConfig": teacher("us.amazon.nova-premier-v1:0")}, f"use {NOVA_PRO}"),
        ({"customizationConfig": teacher("anthropic!")}, "regular expression"),
        ({"hyperParameters": {"epochCount": "2"}}, "takes no hyperparameters"),
        (
            {
                "trainingDataConfig": {
                    "s3Uri": "s3://data/train.jsonl",
                    "invocationLogsConfig": {"invocationLogSource": {"s3Uri": "s3://data/logs"}},
                }
            },
            "not both",
        ),
        ({"customizationType": "FINE_TUNING"}, "FINE_TUNING does not take it"),
        ({"baseModelIdentifier": "amazon.nova-2-lite-v1:0:256k"}, "does not support DISTILLATION"),
        ({"baseModelIdentifier": "amazon.nova-pro-v1:0:300k"}, "has no teacher left"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused_by_name(cloud, changes, message):
    code, said = cloud.refusal(cloud.create_job, **request(**changes))
    assert code == "ValidationException"
    assert message in said


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"equals": {"a": "1", "b": "2"}}, "size less than or equal to 1"),
        ({"equals": {"a!": "1"}}, "regular expression"),
        ({"andAll": [{"equals": {"a": "1"}}] * 17}, "size less than or equal to 16"),
        ({"orAll": [{"notEquals": {"a" * 257: "1"}}]}, "length less than or equal to 256"),
    ],
)
def test_filters_are_checked_beyond_what_boto3_does(cloud, filters, message):
    code, said = cloud.refusal(cloud.create_job, **from_logs(requestMetadataFilters=filters))
    assert code == "ValidationException"
    assert message in said


@pytest.mark.parametrize("cloud", ["us-west-2"], indirect=True)
def test_a_teacher_behind_a_profile_only_is_not_named_by_its_model(cloud):
    changes = {"baseModelIdentifier": LLAMA_3_1, **request()}
    changes["customizationConfig"] = teacher("meta.llama3-3-70b-instruct-v1:0")
    code, message = cloud.refusal(cloud.create_job, **changes)
    assert code == "ValidationException"
    assert "use us.meta.llama3-3-70b-instruct-v1:0" in message
