import json

import msgspec
import pytest

from bedrock_customization_runtime.datasets.record_formats.records import TestRecord

LLAMA = "meta.llama3-1-8b-instruct-v1:0:128k"
SHOP = {"prompt": "{q}", "completion": "{a}", "system": "You sell {kind}."}


def shop(count):
    names = ["red", "blue", "green", "black", "white"]
    return "\n".join(
        json.dumps(
            {
                "q": f"have you {names[n % 5]} ones {'abcdefghij'[n // 5]}",
                "a": "yes",
                "kind": "hats",
            }
        )
        for n in range(count)
    ).encode()


def converse(system=None):
    turns = [("user", "hello"), ("assistant", "hi"), ("user", "how"), ("assistant", "so")]
    messages = [{"role": role, "content": [{"text": text}]} for role, text in turns]
    return {"messages": messages, **({"system": [{"text": system}]} if system else {})}


def test_converse_lines_are_what_bedrock_documents(prepare):
    line = prepare(shop(20), template=SHOP).files["train"].splitlines()[0]

    record = json.loads(line)
    assert list(record) == ["schemaVersion", "system", "messages"]
    assert record["schemaVersion"] == "bedrock-conversation-2024"
    assert record["system"] == [{"text": "You sell hats."}]
    assert [message["role"] for message in record["messages"]] == ["user", "assistant"]
    assert record["messages"][1]["content"] == [{"text": "yes"}]


def test_prompt_completion_lines_carry_the_system_prompt_in_front(prepare):
    prepared = prepare(shop(20), template=SHOP, model=LLAMA)

    record = prepared.records("train")[0]
    assert list(record) == ["prompt", "completion"]
    assert record["prompt"].startswith("You sell hats.\n\nhave you ")
    tested = prepared.records("test")[0]
    assert tested["system"] is None
    assert tested["messages"][0]["content"][0]["text"].startswith("You sell hats.\n\nhave you ")


def test_a_conversation_is_tested_on_its_last_answer(prepare, pairs):
    source = pairs(3) + json.dumps(converse("be kind")).encode()
    records = []
    for seed in range(20):
        tested = prepare(source, seed=seed).files["test"].splitlines()
        records += [msgspec.json.decode(line, type=TestRecord) for line in tested]

    found = next(record for record in records if record.system)
    assert found.system == "be kind"
    assert [message.text for message in found.messages] == ["hello", "hi", "how"]
    assert found.reference == "so"


def test_a_conversation_does_not_fit_a_prompt_and_its_completion(judge):
    assert judge(json.dumps(converse()).encode(), model=LLAMA).verdicts == {1: "multi-turn"}


def test_exact_copies_are_dropped_after_cleaning(prepare, pairs):
    row = json.loads(pairs(1))
    copies = [{**row, "prompt": f" {row['prompt']}\u200b"}, row, {**row, "completion": "say amber"}]
    source = pairs(30) + "\n".join(map(json.dumps, copies)).encode()

    prepared = prepare(source)

    assert prepared.duplicates == 2
    assert sum(len(prepared.records(side)) for side in prepared.files) == 31


def test_different_answers_to_one_question_are_kept_together_and_counted(prepare, pairs):
    source = pairs(30) + b'{"prompt":"ask","completion":"a"}\n{"prompt":"ask","completion":"b"}\n'

    prepared = prepare(source)

    assert prepared.findings["conflicting-answers"].lines == (32,)
    sides = [
        side
        for side in prepared.files
        for record in prepared.records(side)
        if record["messages"][0]["content"][0]["text"] == "ask"
    ]
    assert len(sides) == 2
    assert len(set(sides)) == 1


def test_ids_are_of_the_content(prepare, pairs):
    ids = {}
    for source in (pairs(100), pairs(250)):
        for record in prepare(source).records("test"):
            assert ids.setdefault(record["reference"], record["id"]) == record["id"]
    assert len(set(ids.values())) == len(ids) > 20


def test_the_same_input_gives_the_same_bytes(prepare, advising):
    template = {"prompt": "{question}", "completion": "{sql}", "group_by": "query_id"}

    assert prepare(advising, template=template) == prepare(advising, template=template)


def test_labels_are_counted_and_free_text_is_not(prepare, pairs):
    rows = [
        {**json.loads(line), "completion": "ab"[n % 2]}
        for n, line in enumerate(pairs(100).splitlines())
    ]
    labelled = prepare("\n".join(map(json.dumps, rows)).encode())

    assert sum(labelled.label_counts.values()) == len(labelled.records("train"))
    assert set(labelled.label_counts) == {"a", "b"}
    assert prepare(pairs(100)).label_counts == {}


def test_tokens_are_those_of_the_training_set(prepare, pairs):
    few, many = prepare(pairs(100)), prepare(pairs(1000))

    assert many.estimated_tokens == pytest.approx(10 * few.estimated_tokens, rel=0.2)


def test_fewer_records_than_advised_are_flagged(prepare, pairs):
    found = prepare(pairs(60), small=False).findings["few-records"]

    assert "200 are advised" in found.detail


def test_a_side_far_off_its_share_is_flagged(prepare, pairs):
    rows = [{**json.loads(line), "g": n // 40} for n, line in enumerate(pairs(120).splitlines())]
    template = {"prompt": "{prompt}", "completion": "{completion}", "group_by": "g"}

    prepared = prepare("\n".join(map(json.dumps, rows)).encode(), template=template, test=0.1)

    assert "test 33% for 10%" in prepared.findings["split-off-target"].detail
