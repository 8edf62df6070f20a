"""Distributed Map states, with a dictionary in place of Amazon S3."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from bedrock_customization_local.cloud.stepfunctions import StateError, run_machine

TASK = "arn:aws:states:::lambda:invoke"


class Objects(dict):
    """A bucket."""

    def read(self, _role, _bucket, key, _version=None):
        if key not in self:
            raise StateError("S3.NoSuchKeyException", key)
        return self[key]

    def list(self, _role, _bucket, prefix):
        for key in sorted(self):
            if key.startswith(prefix):
                yield {
                    "key": key,
                    "etag": "e",
                    "last_modified": datetime(2024, 1, 1, tzinfo=UTC),
                    "size": len(self[key]),
                    "storage_class": "STANDARD",
                }

    def write(self, _role, _bucket, key, body):
        self[key] = body


def distributed(state=None, /, **fields):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": {"End": True, **(state or {"Type": "Pass"})}},
    }
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "M",
        "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}},
    }


def reader(config, key="data"):
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "Arguments": {"Bucket": "b", "Key": key},
        "ReaderConfig": config,
    }


@pytest.mark.parametrize(
    ("config", "body", "items"),
    [
        ({"InputType": "JSON"}, b"[1, 2]", [1, 2]),
        ({"InputType": "JSON"}, b'{"a": 1}', [{"Key": "a", "Value": 1}]),
        ({"InputType": "JSON", "ItemsPointer": "/x/0/y~1z"}, b'{"x": [{"y/z": [7]}]}', [7]),
        (
            {"InputType": "JSONL", "MaxItems": 2},
            b'{"a":1}\n{"a":2}\n{"a":3}\n',
            [{"a": 1}, {"a": 2}],
        ),
        (
            {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            b'\xef\xbb\xbfa,b\n1,"x,y"\n',
            [{"a": "1", "b": "x,y"}],
        ),
        (
            {
                "InputType": "CSV",
                "CSVHeaderLocation": "GIVEN",
                "CSVHeaders": ["p", "q"],
                "CSVDelimiter": "PIPE",
            },
            b"1|2\n",
            [{"p": "1", "q": "2"}],
        ),
    ],
)
def test_items_come_from_an_object(config, body, items):
    execution = run_machine(distributed(ItemReader=reader(config)), {}, objects=Objects(data=body))
    assert execution.output == items, execution.cause


def test_items_come_from_a_listing():
    machine = distributed(
        ItemReader={
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Arguments": {"Bucket": "b", "Prefix": "{% $states.input.p %}"},
        }
    )
    objects = Objects({"in/1": b"a", "in/2": b"bc", "out": b""})
    execution = run_machine(machine, {"p": "in/"}, objects=objects)
    assert [(item["Key"], item["Size"]) for item in execution.output] == [("in/1", 1), ("in/2", 2)]


def test_items_come_from_an_inventory():
    manifest = {
        "destinationBucket": "arn:aws:s3:::inventory",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "part"}],
    }
    objects = Objects(data=json.dumps(manifest).encode(), part=gzip.compress(b'"b","a%20b","1"\n'))
    execution = run_machine(
        distributed(ItemReader=reader({"InputType": "MANIFEST"})), {}, objects=objects
    )
    assert execution.output == [{"Bucket": "b", "Key": "a b", "Size": "1"}]


@pytest.mark.parametrize(
    ("config", "body"),
    [
        ({"InputType": "JSON"}, b"[1,"),
        ({"InputType": "JSON"}, b"1"),
        ({"InputType": "PARQUET"}, b""),
        ({"InputType": "JSON", "ItemsPointer": "/x"}, b"{}"),
    ],
)
def test_what_cannot_be_read_is_an_item_reader_failure(config, body):
    execution = run_machine(distributed(ItemReader=reader(config)), {}, objects=Objects(data=body))
    assert execution.error == "States.ItemReaderFailed"


def test_a_missing_object_is_an_item_reader_failure():
    execution = run_machine(
        distributed(ItemReader=reader({"InputType": "JSON"})), {}, objects=Objects()
    )
    assert execution.error == "States.ItemReaderFailed"
    assert "S3.NoSuchKeyException" in execution.cause


def test_items_are_batched_by_number_and_by_size():
    by_number = distributed(
        ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"k": "{% $states.input[0] %}"}}
    )
    assert run_machine(by_number, [1, 2, 3]).output == [
        {"BatchInput": {"k": 1}, "Items": [1, 2]},
        {"BatchInput": {"k": 1}, "Items": [3]},
    ]
    by_size = distributed(ItemBatcher={"MaxInputBytesPerBatch": 30})
    sizes = [len(batch["Items"]) for batch in run_machine(by_size, ["x" * 7] * 3).output]
    assert sizes == [1, 1, 1]


def test_a_child_sees_no_variables_of_its_parent():
    machine = distributed({"Type": "Pass", "Output": "{% $exists($x) %}"}, Items=[1])
    machine["States"]["P"] = {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"}
    machine["StartAt"] = "P"
    assert run_machine(machine, {}).output == [False]


def fail_odd(call):
    if call.arguments % 2:
        raise StateError("Odd", str(call.arguments))
    return call.arguments


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 49}, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 50, "ToleratedFailureCount": 1}, "FAILED"),
    ],
)
def test_a_map_run_tolerates_the_failures_it_is_told_to(limits, status):
    machine = distributed({"Type": "Task", "Resource": TASK}, **limits)
    execution = run_machine(machine, [1, 2, 3, 4], call_task=fail_odd)
    assert execution.status == status
    if status == "FAILED":
        assert execution.error == "States.ExceedToleratedFailureThreshold"
    else:
        counts = execution.map_runs[0].counts(of_items=False)
        assert (counts["failed"], counts["succeeded"], counts["total"]) == (2, 2, 4)
        assert execution.output[0]["Error"] == "Odd"
        assert execution.output[1] == 2


def writer(**config):
    result_writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Arguments": {"Bucket": "b", "Prefix": "out"},
    }
    return result_writer | ({"WriterConfig": config} if config else {})


def test_results_are_exported_with_a_manifest():
    objects = Objects()
    machine = distributed(
        {"Type": "Task", "Resource": TASK}, ResultWriter=writer(), ToleratedFailureCount=1
    )
    execution = run_machine(machine, [1, 2], call_task=fail_odd, objects=objects)
    details = execution.output["ResultWriterDetails"]
    manifest = json.loads(objects[details["Key"]])
    assert details["Key"].startswith("out/")
    assert manifest["MapRunArn"] == execution.output["MapRunArn"]
    [succeeded], [failed] = manifest["ResultFiles"]["SUCCEEDED"], manifest["ResultFiles"]["FAILED"]
    [record] = json.loads(objects[succeeded["Key"]])
    assert (record["Status"], record["Output"], record["Input"]) == ("SUCCEEDED", "2", "2")
    assert succeeded["Size"] == len(objects[succeeded["Key"]])
    [record] = json.loads(objects[failed["Key"]])
    assert (record["Status"], record["Error"], record["Cause"]) == ("FAILED", "Odd", "1")


@pytest.mark.parametrize(
    ("config", "name", "content"),
    [
        ({"Transformation": "COMPACT"}, "SUCCEEDED_0.json", b"[[1,2],[3]]"),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "SUCCEEDED_0.jsonl", b"1\n2\n3\n"),
    ],
)
def test_the_writer_config_shapes_the_files(config, name, content):
    objects = Objects()
    run_machine(distributed(ResultWriter=writer(**config)), [[1, 2], [3]], objects=objects)
    [key] = [key for key in objects if key.endswith(name)]
    assert objects[key] == content


def test_the_writer_config_alone_shapes_the_output():
    machine = distributed(ResultWriter={"WriterConfig": {"Transformation": "FLATTEN"}})
    assert run_machine(machine, [[1, 2], [3]]).output == [1, 2, 3]


def test_a_map_run_leaves_its_events():
    execution = run_machine(distributed(), [1])
    assert [event["type"] for event in execution.history.events()] == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
