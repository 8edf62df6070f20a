"""What the commands say of invocation logs: how many are usable, and why the others are not."""

import gzip
import json

import pytest

from bedrock_customization_runtime.catalog import base_model

MODEL = "amazon.nova-micro-v1:0:128k"
DISTILLATION = ("--base-model", MODEL, "--method", "distillation")
ANSWERS = ("--use-prompt-response", "--teacher", "us.amazon.nova-pro-v1:0")
FILTERS = ("--request-metadata-filters", '{"equals": {"project": "bank"}}')


def question(number):
    return " ".join(f"{chr(97 + number * step % 26)}{number * step}" for step in range(1, 9))


def log(number, messages=1, **more):
    asked = [{"role": "user", "content": [{"text": question(number)}]}]
    said = {"role": "assistant", "content": [{"text": f"answer {number}"}]}
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "modelId": "amazon.nova-pro-v1:0",
        "requestMetadata": {"project": "bank"},
        "input": {
            "inputBodyJson": {
                "system": [{"text": "Be brief."}],
                "messages": [*[*asked, said] * (messages // 2), *asked],
            }
        },
        "output": {"outputBodyJson": {"output": {"message": said}}},
        **more,
    }


PLANTED = [
    (4, "log-filtered", {"requestMetadata": {"project": "shop"}}),
    (3, "log-other-model", {"modelId": "amazon.nova-lite-v1:0"}),
    (2, "log-multi-turn", {"messages": 3}),
    (5, "log-failed", {"errorCode": "ThrottlingException"}),
    (1, "log-incomplete", {"output": {}}),
    (2, "log-outside", {"input": {"inputBodyS3Path": "s3://logs/data/1_input.json.gz"}}),
    (6, "log-own", {"requestMetadata": {"project": "bank", "bedrock-customization:purpose": "e"}}),
]


@pytest.fixture
def logs(folder):
    """A folder as Bedrock writes it: 130 usable logs, and some of each other kind."""
    lines = [log(number) for number in range(130)]
    lines += [log(900, **more) for count, _, more in PLANTED for _ in range(count)]
    hour = folder / "logs" / "us-east-1" / "2026" / "11" / "22" / "10"
    (hour / "data").mkdir(parents=True)
    for name, part in (("1", lines[::2]), ("2", lines[1::2])):
        body = "".join(f"{json.dumps(line)}\n" for line in part).encode()
        (hour / f"{name}.json.gz").write_bytes(gzip.compress(body))
    (hour / "data" / "1_input.json.gz").write_bytes(gzip.compress(b"{}"))
    return "logs"


def test_validate_counts_usable_logs_and_each_reason(run_in, logs):
    code, out, err = run_in("validate", logs, *DISTILLATION, *ANSWERS, *FILTERS, "--format", "json")
    assert code == 0, out + err
    told = json.loads(out)
    assert (told["read"], told["accepted"], told["omitted"], told["rejected"]) == (153, 130, 23, 0)
    counts = {each["rule"]: each["count"] for each in told["findings"]}
    assert counts == {rule: count for count, rule, _ in PLANTED}
    assert {each["verdict"] for each in told["findings"]} == {"omit"}
    assert [each["why"] for each in told["skipped"]] == ["the body of a large invocation"]


def test_validate_tells_people_how_many_are_omitted(run_in, logs):
    _code, out, _err = run_in("validate", logs, *DISTILLATION, *ANSWERS, *FILTERS)
    told = " ".join(out.split())
    assert "153 records in 2 files, none rejected, 23 omitted, 7 warnings: ready" in told


def test_without_the_answers_the_prompts_of_every_model_are_usable(run_in, logs):
    _code, out, _err = run_in("validate", logs, *DISTILLATION, "--format", "json")
    assert json.loads(out)["accepted"] == 130 + 4 + 3


def test_prepare_writes_records_with_the_logged_answers_or_prompts_alone(run_in, logs, folder):
    for name, options in (("answers", (*ANSWERS, *FILTERS)), ("prompts", ())):
        code, out, err = run_in(
            "prepare", logs, *DISTILLATION, *options, "--out", str(folder / name)
        )
        assert code == 0, out + err
        line = json.loads((folder / name / "train.jsonl").read_bytes().split(b"\n")[0])
        assert len(line["messages"]) == (2 if name == "answers" else 1)
        assert not (folder / name / "rejected.jsonl").exists()
    page = (folder / "answers" / "report.html").read_text()
    assert "23 logs are no training data" in page
    assert "log-multi-turn" in page
    report = json.loads((folder / "answers" / "report.json").read_text())
    assert report["omitted"] == 23


def test_too_few_usable_logs_are_refused(run_in, logs):
    least = base_model(MODEL).methods["DISTILLATION"].train.min_records
    only = ("--request-metadata-filters", '{"equals": {"project": "shop"}}')
    code, out, _err = run_in("validate", logs, *DISTILLATION, *only)
    assert code == 1
    assert f"too few usable records, 4: {MODEL} needs at least {least}" in " ".join(out.split())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((*DISTILLATION, "--use-prompt-response"), "--use-prompt-response needs --teacher"),
        (("--base-model", MODEL, *ANSWERS), "are of distillation: add --method distillation"),
        ((*DISTILLATION, "--request-metadata-filters", "{"), "--request-metadata-filters:"),
        ((*DISTILLATION, "--request-metadata-filters", "[]"), "an object, got list"),
        (
            (*DISTILLATION, "--request-metadata-filters", '{"andAll": []}'),
            "andAll takes a list of 1 to 16 conditions",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(run_in, logs, options, told):
    code, _out, err = run_in("validate", logs, *options)
    assert code == 2
    assert told in err
