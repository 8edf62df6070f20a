import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import SetLimits
from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.checking import refusals
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput

LLAMA = "meta.llama3-1-8b-instruct-v1:0:128k"


def refusal(prepare, source, **given):
    with pytest.raises(DatasetRejected) as error:
        prepare(source, **given)
    return str(error.value)


def test_three_records_get_one_message_of_what_was_found_needed_and_to_do(prepare, pairs):
    assert refusal(prepare, pairs(3), small=False) == (
        "found 3 usable records (3 read, 0 rejected, 0 exact copies), but "
        "amazon.nova-micro-v1:0:128k needs at least 9 for training and validation and 1 for the "
        "blind set: add at least 7"
    )


def test_the_minimum_is_the_catalogues(prepare, pairs):
    method = catalog.base_model(LLAMA).methods[catalog.Method.FINE_TUNING]
    needed = method.total.min_records

    message = refusal(prepare, pairs(needed), small=False, model=LLAMA)
    assert f"needs at least {needed} for" in message
    assert "add at least 1" in message
    prepare(pairs(needed + 1), small=False, model=LLAMA)


def test_a_third_of_broken_lines_gets_one_message_with_the_three_worst_rules(prepare, pairs):
    lines = pairs(1000).splitlines()
    for number in range(200):
        lines[number * 5] = b'{"prompt": "cut'
    for number in range(60):
        lines[number * 5 + 1] = b'{"prompt": "x"}'
    for number in range(30):
        lines[number * 5 + 2] = b'{"prompt": NaN}'
    for number in range(10):
        lines[number * 5 + 3] = b"[]"

    message = refusal(prepare, b"\n".join(lines), max_rejected=0.05)

    assert message.startswith(
        "300 of 1,000 records (30.0%) break a rule, and max_rejected allows 5.0%: "
        "json-cut 200 times (lines 1, 6, 11, …: "
    )
    assert "fields-missing 60 times (lines 2, 7, 12, …: " in message
    assert "json-number 30 times (lines 3, 8, 13, …: " in message
    assert message.endswith("; and 1 more rule")


def test_rejected_records_up_to_the_share_allowed_are_left_out(prepare, pairs):
    prepared = prepare(pairs(95) + b"x\n" * 5, max_rejected=0.05)

    assert prepared.findings["json-malformed"].count == 5


@pytest.mark.parametrize("source", [b"", b"\n\n"])
def test_a_source_without_records_is_refused(prepare, source):
    assert "holds no records" in refusal(prepare, source)


def test_records_that_are_all_alike_cannot_be_split(prepare):
    source = "\n".join(
        json.dumps({"prompt": f"ask {n}", "completion": f"say {n}"}) for n in range(50)
    )

    assert "leaves 1 set of records to split" in refusal(prepare, source.encode())


def test_a_single_group_cannot_be_split(prepare, pairs):
    rows = [{**json.loads(line), "g": "one"} for line in pairs(50).splitlines()]
    template = {"prompt": "{prompt}", "completion": "{completion}", "group_by": "g"}

    assert "group by a column with more values" in refusal(
        prepare, "\n".join(map(json.dumps, rows)).encode(), template=template
    )


@pytest.mark.parametrize("side", ["train", "validation"])
def test_a_file_larger_than_the_model_takes_is_refused_with_its_size_and_the_limit(
    settings, pairs, side
):
    def prepared(limit):
        made = settings(small=True)
        limits = {side: SetLimits(max_bytes=limit)}
        with examine([pairs(60)], replace(made, method=replace(made.method, **limits))) as examined:
            sides = divide(examined)
            return len(b"".join(sides.lines(Side[side.upper()])))

    size = prepared(10**6)

    assert prepared(size) == size
    with pytest.raises(DatasetRejected) as error:
        prepared(size - 1)
    assert f"the {'training' if side == 'train' else side} file would have {size:,} bytes" in str(
        error.value
    )
    assert f"at most {size - 1:,}: " in str(error.value)


@pytest.mark.parametrize("limited", ["train", "total"])
def test_exactly_as_many_records_as_the_model_takes_are_taken(settings, pairs, limited):
    made = settings(small=True)

    def counted(limit):
        method = replace(made.method, **{limited: SetLimits(max_records=limit)})
        with examine([pairs(60)], replace(made, method=method)) as examined:
            sides = divide(examined)
            counts = {side: sides.count(side) for side in Side}
        return counts[Side.TRAIN] + (counts[Side.VALIDATION] if limited == "total" else 0)

    most = counted(10**6)

    assert counted(most) == most
    with pytest.raises(DatasetRejected, match=f"takes at most {most - 1}: remove 1 record from"):
        counted(most - 1)


@pytest.mark.parametrize("short", [Side.TRAIN, Side.VALIDATION, None])
def test_what_is_left_without_leaks_must_still_be_enough(settings, short):
    made = settings(small=True)
    method = replace(
        made.method,
        train=SetLimits(min_records=8),
        validation=SetLimits(min_records=3),
        total=SetLimits(),
    )
    examined = SimpleNamespace(settings=replace(made, method=method))
    counts = {Side.TRAIN: 8, Side.VALIDATION: 3, Side.TEST: 5}
    enough = np.repeat([int(side) for side in counts], list(counts.values())).astype(np.int8)

    refusals.check_left(examined, enough, 1)
    if short is None:
        # Each side is large enough, and both together are not.
        together = replace(method, total=SetLimits(min_records=12))
        examined = SimpleNamespace(settings=replace(made, method=together))
        left = enough
    else:
        left = np.delete(enough, np.flatnonzero(enough == short)[0])
    with pytest.raises(DatasetRejected, match="hold a passage of the blind set"):
        refusals.check_left(examined, left, 1)


def test_more_records_than_the_model_takes_are_refused_with_both_ways_out(prepare, pairs):
    message = refusal(prepare, pairs(12_000), model=LLAMA, small=False, test=0.01)

    assert f"{LLAMA} takes at most 10,000: remove 1," in message
    assert "raise split.test" in message


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"max_rejected": 1.5}, "max_rejected"),
        ({"test": 0.0}, r"split\.test"),
        ({"validation": 1.0}, r"split\.validation"),
        ({"test": 0.5, "validation": 0.5}, "leaves nothing for training"),
    ],
)
def test_settings_that_make_no_sense_are_invalid_input(settings, given, named):
    with pytest.raises(InvalidInput, match=named):
        settings(**given)


def test_every_rule_has_its_own_name_and_says_what_why_and_how_to_mend_it():
    assert len({rule.id for rule in rules.TABLE}) == len(rules.TABLE) > 30
    for rule in rules.TABLE:
        assert rule.what
        assert rule.why
        assert rule.fix
        assert not rule.fix.endswith(".")
