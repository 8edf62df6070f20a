"""Questions and answers of a side, counted apart while its lines pass."""

import json

from bedrock_customization_runtime.catalog import RecordFormat
from bedrock_customization_runtime.datasets import tokens
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.records import blind, exchange
from bedrock_customization_runtime.datasets.token_counts import TokenCount

RECORDS = [
    exchange("Be brief.", f"what is {word} {number}", word * number)
    for number, word in enumerate(["amber", "birch", "cedar"], start=1)
]


def test_a_blind_sets_lines_pass_as_they_are_and_are_counted():
    lines = [formats.blind_line(blind(record, {})) for record in RECORDS]
    count = TokenCount.of_blind_set()
    assert list(count.counting(lines)) == lines
    # Four tokens of the chat template around each message, of which an answer alone has none.
    whole = sum(tokens.estimate(record).likely for record in RECORDS)
    assert abs(count.questions + count.answers + 4 * len(RECORDS) - whole) <= len(RECORDS)
    assert (count.records, count.unanswered, count.unanswered_questions) == (3, 0, 0)


def test_prompts_without_an_answer_are_counted_apart():
    def line(number, *answer):
        texts = [("user", f"what is {number}"), *(("assistant", text) for text in answer)]
        messages = [{"role": role, "content": [{"text": text}]} for role, text in texts]
        return json.dumps({"system": [{"text": "Answer."}], "messages": messages}).encode()

    count = TokenCount.of_records(RecordFormat.DISTILLATION_PROMPTS)
    assert len(list(count.counting([line(1), line(2, "two"), line(3)]))) == 3
    assert (count.records, count.unanswered) == (3, 2)
    assert count.answers == tokens.likely_of_text("two")
    assert 0 < count.unanswered_questions < count.questions
