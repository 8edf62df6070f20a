import hashlib

import msgspec
import pytest
from msgspec.structs import replace

from bedrock_customization_runtime import invocation, manifest as manifests
from bedrock_customization_runtime.errors import EvaluationFailed, SourceChanged
from bedrock_customization_runtime.evaluation import asking, judging
from bedrock_customization_runtime.manifest import FileRecord
from bedrock_customization_runtime.s3 import objects

BASE = {"name": "base", "id": "base-id"}
TUNED = {"name": "tuned", "id": "tuned-id"}
NAMES = {"job": "j", "model": "m", "deployment": "d"}
RUN = {
    "id": "run-7",
    "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:Tuning:run-7",
    "source": "s3://data/incoming/a.jsonl",
    "data": "s3://data/runs/7",
    "blind": "s3://evaluation-blind/runs/7",
    "artifacts": "s3://evaluation-artifacts/runs/7",
    "manifest": "s3://evaluation-artifacts/runs/7/manifest.json",
    "names": NAMES,
    "tokens": NAMES,
}
PREFIX = "s3://evaluation-blind/runs/7/answers"


@pytest.fixture
def answered(s3, write_test, make_models, begin_manifest):
    """Let base answer each second of ten questions right and tuned all; return the test's URI."""
    test = write_test(10)

    def say(model, question):
        right = model == TUNED["id"] or int(question.split()[1]) % 2 == 0
        return question if right else "nonsense"

    asking.ask(
        make_models(say),
        s3,
        test=test,
        models=[BASE, TUNED],
        prefix=PREFIX,
        limits=invocation.Limits(max_tokens=64, remaining_ms=lambda: 3_600_000),
    )
    begin_manifest(s3, RUN)
    return test


@pytest.fixture
def judge(s3, answered):
    def run(*, test=answered, models=(BASE, TUNED), metric="accuracy"):
        return judging.judge(s3, run=RUN, test=test, prefix=PREFIX, models=models, metric=metric)

    return run


def test_the_verdict_is_the_primary_metric_of_both_models(judge):
    evaluation = judge()

    assert evaluation["metric"] == "accuracy"
    assert evaluation["records"] == 10
    assert (evaluation["base"], evaluation["tuned"], evaluation["difference"]) == (0.5, 1, 0.5)
    # Five wins and no loss are a chance of one in sixteen: not enough to exclude 0.
    assert evaluation["interval"][0] == 0
    assert 0.5 < evaluation["interval"][1] <= 0.9
    assert evaluation["p_value"] == pytest.approx(2 / 2**5)
    assert evaluation["report"] == "s3://evaluation-artifacts/runs/7/evaluation/evaluation.json"


def test_the_order_of_the_models_does_not_swap_them(judge):
    assert judge(models=(TUNED, BASE)) == judge()


def test_the_report_holds_ids_and_scores_and_no_words_of_a_record(judge, s3):
    body = objects.read(s3, judge()["report"])

    report = msgspec.json.decode(body, type=judging.EvaluationReport)
    assert report.records == [f"r{number}" for number in range(10)]
    assert report.models["base"].scores["accuracy"] == [1, 0] * 5
    assert report.models["tuned"].scores["accuracy"] == [1] * 10
    assert report.models["base"].model_id == "base-id"
    assert b"question" not in body.lower()
    assert b"nonsense" not in body


def test_the_manifest_names_the_answers_by_the_digest_of_their_parts(judge, s3):
    judge()

    section = manifests.load(s3, RUN["manifest"]).evaluation
    assert section.primary == "accuracy"
    assert [metric.name for metric in section.metrics] == [
        "accuracy",
        "token_f1",
        "rouge_1",
        "rouge_2",
        "rouge_l",
        "bleu",
        "chrf",
        "answered",
    ]
    assert [example.record for example in section.examples] == [f"r{n}" for n in range(1, 10, 2)]
    for name, file in zip(("base", "tuned"), section.answers, strict=True):
        body = objects.read(s3, f"{PREFIX}/{name}/part-00000.jsonl")
        assert file == FileRecord(
            uri=f"{PREFIX}/{name}/",
            sha256=hashlib.sha256(body).hexdigest(),
            bytes=len(body),
            records=10,
        )


def test_a_repeated_judgement_writes_the_same_bytes(judge, s3):
    first = judge()
    before = objects.read(s3, first["report"]), objects.read(s3, RUN["manifest"])

    assert judge() == first
    assert (objects.read(s3, first["report"]), objects.read(s3, RUN["manifest"])) == before


def test_an_unknown_metric_is_refused(judge):
    with pytest.raises(EvaluationFailed, match="metric must be one of"):
        judge(metric="meteor")


@pytest.mark.parametrize("models", [[], [BASE], [BASE, BASE], [BASE, {**TUNED, "name": "other"}]])
def test_other_models_than_base_and_tuned_are_refused(judge, models):
    with pytest.raises(EvaluationFailed, match="named base and tuned, once each"):
        judge(models=models)


def test_a_missing_part_is_refused_and_the_manifest_left_alone(judge, s3):
    s3.delete_object(Bucket="evaluation-blind", Key="runs/7/answers/tuned/part-00000.jsonl")

    with pytest.raises(EvaluationFailed, match=r"tuned model .* 10 missing, 0 duplicate, 0 of"):
        judge()
    assert manifests.load(s3, RUN["manifest"]).evaluation is None


def test_a_part_that_was_copied_is_refused(judge, s3):
    s3.copy_object(
        Bucket="evaluation-blind",
        Key="runs/7/answers/base/part-00001.jsonl",
        CopySource="evaluation-blind/runs/7/answers/base/part-00000.jsonl",
    )

    with pytest.raises(EvaluationFailed, match=r"base model .* 0 missing, 10 duplicate"):
        judge()


def test_a_blind_set_with_an_id_twice_is_refused(judge, s3, answered):
    body = objects.read(s3, answered)
    s3.put_object(
        Bucket="evaluation-blind", Key="twice.jsonl", Body=body + body[: body.index(b"\n") + 1]
    )

    with pytest.raises(EvaluationFailed, match=r"1 records of .* share their id"):
        judge(test="s3://evaluation-blind/twice.jsonl")


def test_a_blind_set_that_changed_since_it_was_prepared_is_refused(
    judge, s3, answered, preparation_section
):
    def prepare(digest):
        file = FileRecord(uri="s3://evaluation-blind/x", sha256=digest, bytes=1, records=10)
        section = preparation_section(file)
        manifests.update(s3, RUN["manifest"], lambda found: replace(found, preparation=section))

    digest = hashlib.sha256(objects.read(s3, answered)).hexdigest()
    prepare(digest)
    judge()

    prepare("0" * 64)

    with pytest.raises(SourceChanged, match="is not the blind set of the manifest"):
        judge()
