"""A metric that a user's function computes: what it is given, and what it may return."""

import io
import json

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import metrics, own_metric
from bedrock_customization_runtime.evaluation.texts import Texts

OWN = {
    "name": "politeness",
    "function_arn": "arn:aws:lambda:eu-west-1:1:function:f",
    "binary": False,
}


class Functions:
    """Answers like Lambda's `Invoke`: the network edge, and nothing of ours.

    Args:
        say: Takes the event, returns the result or raises.
    """

    def __init__(self, say):
        self.say = say
        self.events = []

    def invoke(self, *, FunctionName, Payload):
        assert FunctionName == OWN["function_arn"]
        event = json.loads(Payload)
        self.events.append(event)
        result = self.say(event)
        failed = {"FunctionError": "Unhandled"} if result is None else {}
        body = result if isinstance(result, bytes) else json.dumps(result).encode()
        return {"StatusCode": 200, "Payload": io.BytesIO(body), **failed}


def told(count=3):
    ids = [f"r{number}" for number in range(count)]
    return Texts(ids=ids, references=["yes"] * count, answers=["Yes, please."] * count)


def halves(event):
    return {"scores": {record["id"]: 0.5 for record in event["records"]}}


def measure(say, texts, own=OWN):
    functions = Functions(say)
    metric = metrics.of_function(functions, own)
    return metric, metric.measure(texts), functions.events


def test_a_function_gets_id_reference_and_answer_and_its_scores_are_averaged():
    def say(event):
        return {"scores": {record["id"]: int(record["id"][1:]) / 4 for record in event["records"]}}

    metric, figures, events = measure(say, told())

    assert metric.value(figures.sum(axis=0)) == pytest.approx(0.25)
    assert metric.name == "politeness"
    assert events == [
        {
            "metric": "politeness",
            "records": [
                {"id": f"r{n}", "reference": "yes", "answer": "Yes, please."} for n in range(3)
            ],
        }
    ]


def test_many_records_go_in_batches_and_long_ones_in_smaller_ones():
    _, _, events = measure(halves, told(250))
    assert [len(event["records"]) for event in events] == [100, 100, 50]

    long = Texts(ids=list("abc"), references=["yes"] * 3, answers=["x" * (3 * 2**20)] * 3)
    _, _, events = measure(halves, long)
    assert [len(event["records"]) for event in events] == [1, 1, 1]


def test_what_a_model_could_not_answer_is_not_asked_for_and_scores_0():
    texts = Texts(ids=list("ab"), references=["yes"] * 2, answers=[None, "Yes."])
    _, figures, events = measure(halves, texts)
    assert [record["id"] for record in events[0]["records"]] == ["b"]
    assert figures[:, 0].tolist() == [0, 0.5]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "failed on 1 records: its log says why"),
        (b"", "must return"),
        (b"\xff", "must return"),
        (b'{"scores": {"r0": NaN}}', "must return"),
        ([1], "must return"),
        ({"scores": {"r0": "1"}}, "must return"),
        ({"scores": {"r0": True}}, "must return"),
        ({"scores": {"r0": 1}, "more": 1}, "must return"),
        ({"scores": {}}, "1 missing, 0 of unknown"),
        ({"scores": {"r0": 1, "r1": 1}}, "0 missing, 1 of unknown"),
        ({"scores": {"r0": 1.01}}, r"scores in \[0, 1\]: 1 of 1 are not"),
        ({"scores": {"r0": -0.01}}, r"scores in \[0, 1\]: 1 of 1 are not"),
    ],
)
def test_anything_but_a_score_for_each_id_fails_the_evaluation(result, message):
    with pytest.raises(EvaluationFailed, match=message):
        measure(lambda _: result, told(1))


def test_a_binary_metric_that_says_a_half_is_refused():
    with pytest.raises(EvaluationFailed, match="said to be binary"):
        measure(halves, told(), {**OWN, "binary": True})


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke"),
            "cannot be invoked \\(AccessDeniedException\\)",
        ),
        (ReadTimeoutError(endpoint_url="https://lambda"), "did not answer \\(ReadTimeoutError\\)"),
    ],
)
def test_a_function_out_of_reach_fails_the_evaluation(error, message):
    def say(_):
        raise error

    with pytest.raises(EvaluationFailed, match=message):
        measure(say, told())


def test_no_word_of_a_record_stands_in_an_error():
    with pytest.raises(EvaluationFailed) as raised:
        measure(lambda _: {"scores": {"please": 2}}, told(1))
    assert "please" not in str(raised.value)
    assert own_metric.__doc__
