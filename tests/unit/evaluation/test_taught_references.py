"""Blind prompts without answers are answered by the teacher, and compared with that."""

import msgspec
import pytest

from bedrock_customization_runtime import invocation, manifest as manifests
from bedrock_customization_runtime.contract import TEACHER
from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    TestRecord,
)
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import asking, judging

MODELS = [
    {"name": "base", "id": "base-id"},
    {"name": "tuned", "id": "tuned-id"},
    {"name": TEACHER, "id": "teacher-id"},
]
RUN = {
    "id": "run-8",
    "execution_arn": "arn",
    "source": "s3://data/incoming/a",
    "artifacts": "s3://evaluation-artifacts/runs/8",
    "manifest": "s3://evaluation-artifacts/runs/8/manifest.json",
}
TEST = "s3://evaluation-blind/runs/8/test.jsonl"
PREFIX = "s3://evaluation-blind/runs/8/answers"


class Classroom:
    """A blind set whose even questions have an answer, and models that are asked."""

    def __init__(self, s3, models, begin_manifest, *, questions):
        self.s3, self.models = s3, models
        lines = [
            msgspec.json.encode(
                TestRecord(
                    id=f"r{number}",
                    system=None,
                    messages=[Message("user", [ContentBlock(f"question {number}")])],
                    reference=f"golden {number}" if number % 2 == 0 else "",
                )
            )
            for number in range(questions)
        ]
        s3.put_object(
            Bucket="evaluation-blind", Key="runs/8/test.jsonl", Body=b"\n".join(lines) + b"\n"
        )
        begin_manifest(s3, RUN)

    def ask(self):
        return asking.ask(
            self.models,
            self.s3,
            test=TEST,
            models=MODELS,
            prefix=PREFIX,
            limits=invocation.Limits(max_tokens=64, remaining_ms=lambda: 3_600_000),
        )

    def judge(self):
        judging.judge(self.s3, run=RUN, test=TEST, prefix=PREFIX, models=MODELS, metric="accuracy")
        return manifests.load(self.s3, RUN["manifest"]).evaluation

    def asked(self, model):
        return [
            request["messages"][-1]["content"][0]["text"]
            for request in self.models.requests
            if request["modelId"] == model
        ]


def say(model, question):
    number = int(question.split()[1])
    right = f"golden {number}" if number % 2 == 0 else f"taught {number}"
    if model == "teacher-id":
        return "" if number == 3 else f"taught {number}"
    return right if model == "tuned-id" or number < 4 else "nonsense"


@pytest.fixture
def classroom(s3, make_models, begin_manifest):
    return Classroom(s3, make_models(say), begin_manifest, questions=8)


def test_the_teacher_is_asked_only_what_has_no_answer(classroom):
    assert classroom.ask() == {"done": True, "answered": 20}
    assert sorted(classroom.asked("teacher-id")) == [f"question {n}" for n in (1, 3, 5, 7)]
    assert len(classroom.asked("base-id")) == len(classroom.asked("tuned-id")) == 8


def test_our_own_invocations_say_so_in_their_metadata(classroom):
    classroom.ask()
    told = [request["requestMetadata"] for request in classroom.models.requests]
    assert told == [{"bedrock-customization:purpose": "evaluation"}] * 20


def test_models_are_measured_by_golden_answers_and_the_teachers(classroom):
    classroom.ask()
    found = classroom.judge()
    # The teacher said nothing to one question, so nobody is measured by it.
    assert found.metrics[0].records == 7
    assert found.metrics[0].tuned == 1.0
    assert found.metrics[0].baseline == pytest.approx(3 / 7)
    assert found.taught_references == 3
    assert len(found.answers) == 3


def test_a_part_of_golden_answers_alone_asks_the_teacher_nothing(s3, make_models, begin_manifest):
    room = Classroom(s3, make_models(say), begin_manifest, questions=1)
    room.ask()
    assert room.asked("teacher-id") == []
    assert room.judge().taught_references == 0


def test_a_teacher_that_says_nothing_leaves_nothing_to_compare(s3, make_models, begin_manifest):
    def mute(model, question):
        return "" if model == "teacher-id" else say(model, question)

    room = Classroom(s3, make_models(mute), begin_manifest, questions=2)
    room.ask()
    assert room.judge().metrics[0].records == 1
    alone = [model for model in MODELS if model["name"] != TEACHER]
    with pytest.raises(EvaluationFailed, match="beside a teacher or others"):
        judging.judge(s3, run=RUN, test=TEST, prefix=PREFIX, models=alone[:1], metric="accuracy")
