"""The baseline: which records are asked, what answers say, and when tuning is needless."""

import threading

import pytest

from bedrock_customization_runtime import baseline, invocation, manifest as manifests
from bedrock_customization_runtime.catalog import RecordFormat
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.records import exchange
from bedrock_customization_runtime.errors import (
    BudgetExceeded,
    EvaluationFailed,
    InvalidInput,
    TuningNotNeeded,
)
from bedrock_customization_runtime.evaluation.metrics import metric_of
from bedrock_customization_runtime.manifest import FileRecord
from bedrock_customization_runtime.s3 import objects

HOUR_MS = 3_600_000
BUCKETS = ("baseline-data", "baseline-blind", "baseline-artifacts")
LABELS = ("card", "pay", "rate")


def record(side, number, answer=None):
    label = LABELS[number % 3] if answer is None else answer
    return exchange("Name the intent.", f"{side} {number} about {label}", label)


def lines_of(side, count, answer=None):
    return b"".join(
        formats.training_line(record(side, number, answer), RecordFormat.CONVERSE)
        for number in range(count)
    )


class Models:
    """Converse of a base model that knows the answer if enough examples stand in front.

    Args:
        needs: How many.
        says: Otherwise.
    """

    def __init__(self, needs=0, says="no idea"):
        self.needs, self.says, self.requests = needs, says, []
        self._lock = threading.Lock()

    def converse(self, **request):
        with self._lock:
            self.requests.append(request)
        messages = request["messages"]
        knows = len(messages) // 2 >= self.needs
        answer = messages[-1]["content"][0]["text"].rpartition(" ")[2] if knows else self.says
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": answer}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 10 * len(messages), "outputTokens": 2, "totalTokens": 12},
            "metrics": {"latencyMs": 40},
        }


@pytest.fixture
def s3(make_buckets):
    return make_buckets(*BUCKETS)


@pytest.fixture
def run(s3, run_of, begin_manifest):
    data, blind, artifacts = BUCKETS
    found = run_of("based", data=data, blind=blind, artifacts=artifacts)
    begin_manifest(s3, found)
    return found


@pytest.fixture
def prepare(s3, run, preparation_section):
    """Write what preparation leaves."""

    def write(train=300, validation=60, answer=None, test=100):
        def side(name, count):
            uri = f"{run['data']}/prepared/{name}.jsonl"
            objects.write(s3, uri, lines_of(name, count, answer), "application/jsonl")
            return FileRecord(uri=uri, sha256="0", bytes=1, records=count)

        section = preparation_section(
            side("source", 0),
            train=side("train", train),
            validation=side("validation", validation) if validation else None,
            test=FileRecord(uri=f"{run['blind']}/test.jsonl", sha256="0", bytes=1, records=test),
            label_counts=dict.fromkeys(LABELS, train // 3),
            minimum_detectable_effect=0.14,
        )
        manifests.update(
            s3,
            run["manifest"],
            lambda found: manifests.Manifest(run=found.run, preparation=section),
        )

    return write


@pytest.fixture
def measure(s3, run):
    def asked(models, *, remaining_ms=lambda: HOUR_MS, **given):
        event = {
            "run": run,
            "base_model": "amazon.nova-micro-v1:0:128k",
            "method": "FINE_TUNING",
            "model": "amazon.nova-micro-v1:0",
            "metric": "accuracy",
            "max_tokens": 8,
            "max_records": 50,
            "few_shot": 4,
            "min_improvement": 0.0,
            "allow_unknown_price": False,
            **given,
        }
        limits = invocation.Limits(
            max_tokens=8, remaining_ms=remaining_ms, pause=lambda _: None
        )
        return baseline.measure(models, s3, event, limits, metric_of(event["metric"]))

    return asked


@pytest.fixture
def section(s3, run):
    return lambda: manifests.load(s3, run["manifest"]).baseline


def asked_texts(models):
    return [request["messages"][-1]["content"][0]["text"] for request in models.requests]


def test_the_base_model_is_asked_without_and_with_examples_of_the_training_set(
    prepare, measure, section
):
    prepare()
    models = Models(needs=4)
    assert measure(models) == {"done": True, "answered": 100, "total": 100}
    assert all(text.startswith("validation") for text in asked_texts(models))
    lengths = sorted(len(request["messages"]) for request in models.requests)
    assert lengths == [1] * 50 + [9] * 50
    shown = next(r["messages"][:8] for r in models.requests if len(r["messages"]) == 9)
    assert [turn["role"] for turn in shown] == ["user", "assistant"] * 4
    assert all(turn["content"][0]["text"].startswith("train") for turn in shown[::2])
    found = section()
    assert (found.zero_shot.value, found.few_shot.value) == (0, 1)
    assert found.zero_shot.format_failures == 1
    assert found.gain[0] > 0
    assert (found.records, found.examples, found.from_training) == (50, 4, False)
    assert found.few_shot.input_tokens == 50 * 90
    assert found.advice.verdict == "tune"


def test_a_target_that_examples_surely_meet_ends_the_run_once_the_figures_are_kept(
    prepare, measure, section
):
    prepare()
    with pytest.raises(TuningNotNeeded, match=r"reaches 100\.0 % accuracy with 4 examples, at le"):
        measure(Models(needs=4), target=0.9)
    assert section().advice.verdict == "do not tune"
    with pytest.raises(TuningNotNeeded):
        measure(Models(needs=4), target=0.9)


def test_a_target_that_may_be_met_by_luck_ends_nothing(prepare, measure, section):
    prepare()
    measure(Models(), target=0.99)
    found = section()
    assert found.zero_shot.value == 1
    assert found.zero_shot.interval[0] < 0.99
    assert found.advice.reasons[0].rule == "target-in-reach"


def test_a_repeated_call_asks_nothing_again_and_says_the_same(prepare, measure, section):
    prepare()
    measure(Models(needs=4))
    first, silent = section(), Models()
    assert measure(silent)["done"]
    assert silent.requests == []
    assert section() == first


def test_a_call_that_ends_too_early_is_gone_on_with(prepare, measure, section):
    prepare(validation=200)
    models = Models(needs=4)
    left = iter([HOUR_MS] * 100)
    first = measure(models, max_records=150, remaining_ms=lambda: next(left, 0))
    assert not first["done"]
    assert section() is None
    assert measure(models, max_records=150)["done"]
    assert section().records == 150


def test_which_records_are_asked_does_not_depend_on_their_order(prepare, measure, s3, run):
    prepare(validation=60)
    first, second = Models(), Models()
    measure(first, max_records=20)
    uri = f"{run['data']}/prepared/validation.jsonl"
    turned = b"\n".join(reversed(objects.read(s3, uri).splitlines())) + b"\n"
    objects.write(s3, uri, turned, "application/jsonl")
    for key in (
        "baseline/questions.jsonl",
        *(f"baseline/answers/{n}/part-00000.jsonl" for n in ("base", "few_shot")),
    ):
        s3.delete_object(Bucket=BUCKETS[0], Key=f"runs/based/{key}")
    measure(second, max_records=20)
    assert sorted(asked_texts(first)) == sorted(asked_texts(second))


def test_without_a_validation_set_training_records_are_asked_but_never_the_examples(
    prepare, measure, section
):
    prepare(train=30, validation=0)
    models = Models()
    measure(models)
    examples = {
        turn["content"][0]["text"]
        for request in models.requests
        for turn in request["messages"][:-1:2]
    }
    assert len(examples) == 4
    assert not examples & set(asked_texts(models))
    assert (section().from_training, section().records) == (True, 26)


def test_records_without_an_answer_measure_nothing(prepare, measure, section):
    prepare(answer="")
    assert measure(Models()) == {"done": True, "answered": 0, "total": 0}
    assert section() is None
    with pytest.raises(EvaluationFailed, match=r"target of 0\.9 could be held against: give answ"):
        measure(Models(), target=0.9)


def test_questions_that_alone_cost_more_than_the_run_may_are_not_asked(prepare, measure):
    prepare()
    models = Models()
    with pytest.raises(BudgetExceeded, match=r"max_cost_usd is 1e-07 \(baseline input: "):
        measure(models, max_cost_usd=1e-7)
    with pytest.raises(BudgetExceeded):
        measure(models, max_cost_usd=1e-7)
    assert models.requests == []
    assert measure(models, max_cost_usd=1.0)["done"]


def test_without_examples_the_base_model_is_asked_but_once(prepare, measure, section):
    prepare()
    models = Models()
    assert measure(models, few_shot=0) == {"done": True, "answered": 50, "total": 50}
    assert all(len(request["messages"]) == 1 for request in models.requests)
    assert (section().few_shot, section().gain, section().examples) == (None, None, 0)


def test_a_metric_that_does_not_exist_costs_nothing(prepare, measure):
    prepare()
    models = Models()
    with pytest.raises(EvaluationFailed, match="metric must be one of"):
        measure(models, metric="beauty")
    assert models.requests == []


@pytest.mark.usefixtures("run")
def test_data_that_are_not_prepared_are_prepared_first(measure):
    with pytest.raises(InvalidInput, match="prepare them first"):
        measure(Models())
