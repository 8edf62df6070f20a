"""Data preparation against a real S3 API over HTTP."""

import http.client
import json
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput, SourceChanged
from bedrock_customization_runtime.handlers import prepare_data
from bedrock_customization_runtime.preparation import prepare
from bedrock_customization_runtime.s3 import streams

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
LABELS = ("pay", "card", "rate")


@pytest.fixture
def s3(connect, moto_address, make_buckets):
    make_buckets("data", "blind", "artifacts")
    s3 = connect(*moto_address)
    yield s3
    s3.close()


@pytest.fixture
def event(s3, run_of, begin_manifest):
    run = run_of(
        "run-1", data="data", blind="blind", artifacts="artifacts", source="incoming/rows.csv"
    )
    begin_manifest(s3, run)
    return {
        "run": run,
        "base_model": NOVA_MICRO,
        "method": "FINE_TUNING",
        "template": {"prompt": "{text}", "completion": "{label}"},
        "split": {"validation": 0.1, "test": 0.2, "seed": 7},
        "max_rejected": 0.05,
    }


def rows(count, *, broken=0):
    lines = ["text,label"]
    lines += [f"question {chr(97 + n % 26) * (n // 26 + 1)},{LABELS[n % 3]}" for n in range(count)]
    lines += ["only one field"] * broken
    return "\n".join(lines).encode()


def upload(s3, body):
    s3.put_object(Bucket="data", Key="incoming/rows.csv", Body=body)


def read(s3, uri):
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def keys(s3, bucket):
    return {found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}


def test_a_source_becomes_three_sets_a_report_and_a_section_of_the_manifest(s3, event):
    upload(s3, rows(300, broken=3))

    made = prepare(s3, event)

    assert made["counts"]["read"] == 303
    assert made["counts"]["rejected"] == 3
    assert keys(s3, "data") == {
        "incoming/rows.csv",
        "runs/run-1/prepared/train.jsonl",
        "runs/run-1/prepared/validation.jsonl",
        "runs/run-1/preparation/rejected.jsonl",
    }
    assert keys(s3, "blind") == {"runs/run-1/test.jsonl"}
    section = manifest.load(s3, event["run"]["manifest"]).preparation
    for name in ("train", "validation", "test"):
        file = getattr(section, name)
        body = read(s3, made[name])
        assert file.uri == made[name]
        assert file.bytes == len(body)
        assert file.sha256 == sha256(body).hexdigest()
        assert file.records == len(body.splitlines()) == made["counts"][name] > 0
    assert section.source.sha256 == sha256(rows(300, broken=3)).hexdigest()
    assert section.label_counts.keys() == set(LABELS)
    assert section.findings[0].rule == "csv-ragged"
    assert section.findings[0].lines == [302, 303, 304]
    report = json.loads(read(s3, made["report"]))
    assert report["prepared"]["train"] == made["counts"]["train"]
    assert report["refusal"] is None


def test_a_repeat_writes_the_same_bytes(s3, event):
    upload(s3, rows(300, broken=3))

    def everything():
        return {
            key: read(s3, f"s3://{bucket}/{key}")
            for bucket in ("data", "blind", "artifacts")
            for key in keys(s3, bucket)
        }

    first = prepare(s3, event)
    before = everything()

    assert prepare(s3, event) == first
    assert everything() == before


def test_what_the_state_machine_gets_back_is_small(s3, event):
    upload(s3, rows(100, broken=900) + b'\n"' + b"x" * 500_000)
    event["max_rejected"] = 1.0

    assert len(json.dumps(prepare(s3, event))) < 2_000
    report = read(s3, "s3://artifacts/runs/run-1/preparation/report.json")
    assert len(report) < 20_000
    assert b"xxxx" not in report
    assert b"only one field" not in report


def test_a_refused_data_set_leaves_its_evidence_and_nothing_to_train_on(s3, event):
    upload(s3, rows(70, broken=30))

    with pytest.raises(DatasetRejected) as refusal:
        prepare(s3, event)

    assert "30 of 100 records (30.0%) break a rule" in str(refusal.value)
    assert "s3://data/runs/run-1/preparation/rejected.jsonl" in str(refusal.value)
    report = json.loads(read(s3, "s3://artifacts/runs/run-1/preparation/report.json"))
    assert report["refusal"].startswith("30 of 100")
    assert "runs/run-1/prepared/train.jsonl" not in keys(s3, "data")
    assert keys(s3, "blind") == set()
    assert manifest.load(s3, event["run"]["manifest"]).preparation is None


def test_a_model_without_a_validation_set_gets_none(s3, event):
    upload(s3, rows(300))
    event["base_model"] = "amazon.nova-2-lite-v1:0:256k"

    made = prepare(s3, event)

    assert made["validation"] is None
    assert made["counts"]["validation"] == 0
    assert manifest.load(s3, event["run"]["manifest"]).preparation.validation is None


@pytest.mark.parametrize("source", ["s3://data/incoming/none.csv", "s3://nowhere/rows.csv"])
def test_a_source_that_does_not_exist_is_named_with_what_to_do(s3, event, source):
    event["run"]["source"] = source

    with pytest.raises(InvalidInput, match=f"source {source} does not exist: upload"):
        prepare(s3, event)


@pytest.mark.parametrize("source", ["rows.csv", "s3://data"])
def test_a_source_that_is_no_uri_is_invalid_input(s3, event, source):
    event["run"]["source"] = source

    with pytest.raises(InvalidInput, match="source: an S3 URI looks like"):
        prepare(s3, event)


def test_an_unknown_base_model_is_invalid_input(s3, event):
    upload(s3, rows(300))
    event["base_model"] = "amazon.nova-micro-v1:0"

    with pytest.raises(InvalidInput, match="base_model"):
        prepare(s3, event)


def test_an_empty_object_is_refused(s3, event):
    upload(s3, b"")

    with pytest.raises(DatasetRejected, match="holds no records"):
        prepare(s3, event)


@pytest.mark.parametrize("change", ["overwrite", "delete"])
def test_a_source_that_changes_while_it_is_read_is_noticed(s3, change):
    upload(s3, b"x" * 3_000_000)
    source = streams.PinnedObject(s3, "s3://data/incoming/rows.csv")
    chunks = source.chunks()
    next(chunks)
    if change == "overwrite":
        upload(s3, b"y" * 3_000_000)
    else:
        s3.delete_object(Bucket="data", Key="incoming/rows.csv")

    with pytest.raises(SourceChanged, match="while it was read: start the run again"):
        list(chunks)


class CuttingProxy(BaseHTTPRequestHandler):
    """Passes requests on, and drops the connection in the middle of the first large answers."""

    upstream = ("", 0)
    cuts = 0
    before_cut = None

    def do_GET(self):
        self._forward()

    def do_HEAD(self):
        self._forward()

    def _forward(self):
        connection = http.client.HTTPConnection(*self.upstream)
        connection.request(self.command, self.path, headers=dict(self.headers))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        server = self.server
        if len(body) > 1_000_000 and server.cuts > 0:
            server.cuts -= 1
            self.wfile.write(body[: int(len(body) * 0.37)])
            if server.before_cut:
                server.before_cut()
        else:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy(moto_address):
    handler = type("Proxy", (CuttingProxy,), {"upstream": moto_address})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    proxy.cuts = 0
    proxy.before_cut = None
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    yield proxy
    proxy.shutdown()
    thread.join()
    proxy.server_close()


def test_a_broken_connection_is_resumed_where_it_broke(s3, connect, proxy):
    body = bytes(range(256)) * 20_000
    upload(s3, body)
    proxy.cuts = 3
    through = connect(*proxy.server_address)

    source = streams.PinnedObject(through, "s3://data/incoming/rows.csv")
    read_back = b"".join(source.chunks())
    through.close()

    assert proxy.cuts == 0
    assert read_back == body
    assert source.sha256 == sha256(body).hexdigest()


def test_a_resumed_read_never_mixes_two_versions(s3, connect, proxy):
    upload(s3, b"x" * 5_000_000)
    proxy.cuts = 1
    proxy.before_cut = lambda: upload(s3, b"y" * 5_000_000)
    through = connect(*proxy.server_address)

    with pytest.raises(SourceChanged):
        list(streams.PinnedObject(through, "s3://data/incoming/rows.csv").chunks())
    through.close()


def test_lines_larger_than_a_part_are_written_as_one_object(s3):
    lines = [b"%d " % number + b"x" * 3_000_000 + b"\n" for number in range(7)]

    record = streams.write_lines(s3, "s3://data/big.jsonl", iter(lines))

    body = read(s3, "s3://data/big.jsonl")
    assert body == b"".join(lines)
    assert record.bytes == len(body)
    assert record.sha256 == sha256(body).hexdigest()
    assert record.records == 7


@pytest.mark.usefixtures("handler_environment")
def test_the_function_is_a_doorway_to_it(s3, event):
    upload(s3, rows(300))

    made = prepare_data.handler(event, SimpleNamespace(memory_limit_in_mb="3008"))

    assert made["counts"]["read"] == 300


def test_more_records_than_memory_holds_are_refused_while_they_are_read(s3, event):
    upload(s3, rows(300))

    with pytest.raises(DatasetRejected, match="more than 299 usable records"):
        prepare(s3, event, memory=2**28 + 299 * 500)

    assert prepare(s3, event, memory=2**28 + 300 * 500)["counts"]["read"] == 300
