"""What AWS would have charged: the same tokens as an estimate counts before the job."""

import json
import random

import pytest

from bedrock_customization_local.cloud.bedrock.inference.tokens import (
    count_record_tokens,
    count_tokens,
)
from bedrock_customization_runtime.catalog import Method, RecordFormat, base_model
from bedrock_customization_runtime.datasets import tokens
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.training_cost import training_cost

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
LLAMA_3_1, LLAMA_3_3 = "meta.llama3-1-8b-instruct-v1:0:128k", "meta.llama3-3-70b-instruct-v1:0:128k"
SQL = "SELECT c.name, COUNT(*) FROM orders o JOIN customers c ON c.id = o.c_id WHERE o.total > {} "


def questions(count):
    chance = random.Random(0)
    words = ["how", "many", "orders", "of", "more", "than", "euros", "were", "there", "in", "May"]
    for number in range(count):
        yield " ".join(chance.choices(words, k=12)), SQL.format(number) + "GROUP BY c.name;"


def converse(question, answer):
    turns = [("user", question), ("assistant", answer)]
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "You write SQL."}, {"text": "Answer with the query only."}],
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in turns],
    }


def charged(cloud, arn, unit="training tokens"):
    (line,) = [
        line
        for line in cloud.service.meter.lines()
        if (line.resource, line.unit.value) == (arn, unit)
    ]
    return line


def estimated(model, method, lines, record_format):
    """Return what the runtime's estimate says of a training set."""
    records = [formats.parse(line.encode(), record_format) for line in lines]
    rules = base_model(model).methods[method]
    return training_cost(model, rules, sum(tokens.estimate(one).likely for one in records))


@pytest.mark.usefixtures("brief_training")
def test_fine_tuning_is_charged_what_was_estimated(cloud):
    lines = [json.dumps(converse(*pair)) for pair in questions(40)]
    cloud.put("train.jsonl", lines)
    job = cloud.ended_job(cloud.create_job(hyperParameters={}))
    line = charged(cloud, job["jobArn"])
    estimate = estimated(NOVA_MICRO, Method.FINE_TUNING, lines, RecordFormat.CONVERSE)
    assert (line.quantity, estimate.epochs) == (pytest.approx(estimate.tokens, rel=0.001), 2)
    assert line.usd == pytest.approx(estimate.usd, abs=0.005)


@pytest.mark.usefixtures("brief_training")
@pytest.mark.parametrize("cloud", ["us-west-2"], indirect=True)
def test_so_is_a_model_of_another_format(cloud):
    lines = [json.dumps({"prompt": q, "completion": a}) for q, a in questions(100)]
    cloud.put("train.jsonl", lines)
    request = {"baseModelIdentifier": LLAMA_3_1, "hyperParameters": {"epochCount": "5"}}
    line = charged(cloud, cloud.ended_job(cloud.create_job(**request))["jobArn"])
    estimate = estimated(LLAMA_3_1, Method.FINE_TUNING, lines, RecordFormat.PROMPT_COMPLETION)
    assert line.quantity == pytest.approx(estimate.tokens, rel=0.001)


def test_a_validation_set_that_gets_no_better_does_not_make_the_job_cheaper(cloud):
    lines = [json.dumps(converse(*pair)) for pair in questions(12)]
    cloud.put("train.jsonl", lines)
    wrong = [json.dumps(converse(q, "never this")) for q, _ in questions(12)]
    cloud.put("validation.jsonl", wrong)
    job = cloud.ended_job(
        cloud.create_job(
            hyperParameters={"epochCount": "5"},
            validationDataConfig={"validators": [{"s3Uri": "s3://data/validation.jsonl"}]},
        )
    )
    estimate = estimated(NOVA_MICRO, Method.FINE_TUNING, lines, RecordFormat.CONVERSE)
    expected = estimate.tokens / estimate.epochs * 5
    assert charged(cloud, job["jobArn"]).quantity == pytest.approx(expected, rel=0.001)


@pytest.mark.usefixtures("brief_training")
def test_distillation_is_charged_prompts_and_answers_once(cloud):
    golden = [converse(*pair) for pair in questions(100)]
    lines = [json.dumps(one | {"system": one["system"][:1]}) for one in golden]
    cloud.put("train.jsonl", lines)
    teacher = {"teacherModelConfig": {"teacherModelIdentifier": "amazon.nova-pro-v1:0"}}
    request = {
        "customizationType": "DISTILLATION",
        "customizationConfig": {"distillationConfig": teacher},
        "hyperParameters": {},
    }
    line = charged(cloud, cloud.ended_job(cloud.create_job(**request))["jobArn"])
    estimate = estimated(NOVA_MICRO, Method.DISTILLATION, lines, RecordFormat.CONVERSE)
    assert line.quantity == pytest.approx(estimate.tokens, rel=0.001)


@pytest.mark.usefixtures("brief_training")
def test_a_model_costs_its_storage_by_the_month(cloud):
    model = cloud.trained_model()
    line = charged(cloud, model, "model months")
    assert line.usd == pytest.approx(line.quantity * 1.95)


def test_tokens_of_prose_code_and_other_scripts_are_those_of_the_estimate():
    for text in ("where is my card", SQL, "日本語のテキスト", "", "0123456789", "a_b{c}[d]"):
        assert count_tokens(text) <= count_record_tokens([], [("user", text)]) <= len(text) + 5
    assert count_tokens(SQL) > len(SQL) / 6, "code has more tokens than prose of its length"


def test_service_quotas_tell_the_accounts_quotas(cloud):
    quotas = cloud.client("service-quotas")
    found = quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-CB5B847D")["Quota"]
    assert (found["Value"], found["Adjustable"]) == (100.0, True)
    listed = quotas.list_aws_default_service_quotas(ServiceCode="bedrock")["Quotas"]
    assert {"L-CB5B847D", "L-BE77399C"} <= {quota["QuotaCode"] for quota in listed}
    vpc = quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]
    assert vpc
    with pytest.raises(quotas.exceptions.NoSuchResourceException):
        quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-00000000")
