"""All models that answered, in one judgement: figures, costs, slices, and whose answers count."""

import sqlite3

import msgspec
import pytest

from bedrock_customization_runtime import manifest as manifests
from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    TestRecord,
)
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import judging, parts
from bedrock_customization_runtime.evaluation.answers import Answer
from bedrock_customization_runtime.evaluation.primary import primary_metric

NOVA = "amazon.nova-micro-v1:0"
DEPLOYMENT = "arn:aws:bedrock:us-east-1:111111111111:custom-model-deployment/abc"
MODELS = [
    {"name": "candidate", "id": DEPLOYMENT},
    {"name": "live", "id": DEPLOYMENT.replace("abc", "old")},
    {"name": "base", "id": NOVA},
    {"name": "few_shot", "id": NOVA},
]
RUN = {
    "id": "run-9",
    "execution_arn": "arn",
    "source": "s3://data/incoming/a",
    "artifacts": "s3://evaluation-artifacts/runs/9",
    "manifest": "s3://evaluation-artifacts/runs/9/manifest.json",
}
TEST = "s3://evaluation-blind/runs/9/test.jsonl"
ANSWERS = "s3://evaluation-blind/runs/9/answers"
COUNT = 120


class Bench:
    """A blind set in S3 and models' answers to it."""

    def __init__(self, s3, begin_manifest):
        self.s3 = s3
        begin_manifest(s3, RUN)

    def ask(self, references, **answers):
        """Write references and each model's answers, or a function that makes one of each."""
        lines = [
            msgspec.json.encode(
                TestRecord(
                    id=f"r{number}",
                    system=None,
                    messages=[Message("user", [ContentBlock("?")])],
                    reference=reference,
                    slices={"language": "de" if number % 3 else "fr"},
                )
            )
            for number, reference in enumerate(references)
        ]
        self.s3.put_object(
            Bucket="evaluation-blind", Key="runs/9/test.jsonl", Body=b"\n".join(lines)
        )
        for model, say in answers.items():
            said = [
                Answer(
                    id=f"r{number}",
                    answer=say(number, reference),
                    input_tokens=100,
                    output_tokens=10,
                    latency_ms=30,
                    stop_reason="content_filtered" if model == "live" else "end_turn",
                )
                for number, reference in enumerate(references)
            ]
            parts.write(self.s3, parts.uri_of(ANSWERS, model, 0), said)

    def judge(self, models=MODELS, metric="accuracy", **options):
        verdict = judging.judge(
            self.s3, run=RUN, test=TEST, answers=ANSWERS, models=models, metric=metric, **options
        )
        return verdict, manifests.load(self.s3, RUN["manifest"]).evaluation


LABELS = [("yes", "no", "maybe")[number % 3] for number in range(COUNT)]


@pytest.fixture
def bench(s3, begin_manifest):
    found = Bench(s3, begin_manifest)
    found.ask(
        LABELS,
        base=lambda number, label: label if number % 2 else "dunno",
        few_shot=lambda number, label: label if number % 4 else "no",
        live=lambda number, label: label if number % 5 else "",
        candidate=lambda number, label: label if number % 3 else "no",
    )
    return found


def test_the_candidate_is_compared_with_base_first_and_then_with_all_others(bench):
    verdict, section = bench.judge()
    by = ["accuracy", "macro_f1", "answered"]
    assert [(one.against, one.name) for one in section.metrics] == [
        (against, name) for against in ("base", "live", "few_shot") for name in by
    ]
    assert all(one.adjusted_p_value >= one.p_value for one in section.metrics)
    assert (verdict["metric"], verdict["other"], verdict["records"]) == ("accuracy", 0.5, COUNT)
    assert len(msgspec.json.encode(verdict)) < 1000


def test_every_model_has_its_figures(bench):
    _, section = bench.judge()
    figures = {one.name: one for one in section.models}
    assert list(figures) == ["candidate", "live", "base", "few_shot"]
    assert figures["base"].metrics["accuracy"] == 0.5
    assert figures["live"].metrics["answered"] == 0.8
    assert figures["live"].refusals == COUNT
    assert figures["candidate"].input_tokens == 100 * COUNT


def test_answers_cost_what_the_catalogue_says_and_nothing_is_guessed(bench):
    _, section = bench.judge()
    cost = {one.name: one.usd_per_1k for one in section.models}
    # $0.000035 and $0.00014 per 1,000 tokens.
    assert cost["base"] == cost["few_shot"] == cost["candidate"] == pytest.approx(0.0049)
    assert cost["live"] is None
    provisioned = {"name": "candidate", "id": "arn:aws:bedrock:us-east-1:1:provisioned-model/x"}
    _, section = bench.judge(models=[provisioned, *MODELS[1:]])
    assert section.models[0].usd_per_1k is None


def test_slices_of_the_primary_metric_and_confusions_of_labels_are_recorded(bench):
    _, section = bench.judge()
    assert [(one.slice, one.records, one.name) for one in section.slices] == [
        ("language=de", 80, "accuracy"),
        ("language=fr", 40, "accuracy"),
    ]
    assert section.slices[0].candidate == 1
    assert section.slices[1].candidate == 0
    assert [one.model for one in section.confusion] == ["base", "candidate"]
    assert section.confusion[1].labels == ["maybe", "no", "yes"]
    assert section.confusion[1].counts == [[40, 0, 0, 0], [0, 40, 0, 0], [0, 40, 0, 0]]
    assert 0 < section.minimum_detectable_effect < 0.3


def test_a_repeated_judgement_says_the_same(bench):
    assert bench.judge() == bench.judge()


def test_a_teacher_that_answered_everything_is_a_model_like_any_other(bench):
    bench.ask(LABELS, teacher=lambda _, label: label)
    _, section = bench.judge(models=[*MODELS, {"name": "teacher", "id": "amazon.nova-pro-v1:0"}])
    assert {one.against for one in section.metrics} == {"base", "live", "few_shot", "teacher"}
    assert section.taught_references == 0
    assert section.models[-1].usd_per_1k > 0


def test_a_model_named_twice_is_refused(bench):
    with pytest.raises(EvaluationFailed, match="once each"):
        bench.judge(models=[*MODELS, MODELS[0]])


def test_statements_are_run_on_the_database_that_the_event_names(bench, tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE item (id INTEGER)")
        connection.execute("INSERT INTO item VALUES (1), (2)")
    connection.close()
    bench.s3.put_object(Bucket="evaluation-blind", Key="shop.sqlite", Body=path.read_bytes())
    bench.ask(
        ["SELECT sum(id) FROM item"] * 30,
        base=lambda *_: "SELECT count(*) FROM item",
        candidate=lambda *_: "SELECT 3",
    )
    event = {"metric": "execution_accuracy", "database": "s3://evaluation-blind/shop.sqlite"}
    with primary_metric(bench.s3, lambda: None, event) as metric:
        verdict, section = bench.judge(
            models=[MODELS[0], MODELS[2]], metric=event["metric"], measured_by=metric
        )
    assert (verdict["other"], verdict["candidate"]) == (0, 1)
    assert [one.name for one in section.metrics] == [
        "execution_accuracy",
        "accuracy",
        "sql_equality",
        "answered",
    ]


def test_a_database_that_is_not_there_is_said_so(bench):
    event = {"metric": "execution_accuracy", "database": "s3://evaluation-blind/none.sqlite"}
    with (
        pytest.raises(EvaluationFailed, match=r"none\.sqlite cannot be read"),
        primary_metric(bench.s3, lambda: None, event),
    ):
        pass
