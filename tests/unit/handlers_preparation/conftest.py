"""Preparation in shards without Step Functions: the steps one after the other."""

import json
from functools import partial

import boto3
import pytest
from botocore.config import Config

from bedrock_customization_runtime.sharded_preparation import planning, steps

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
BUCKETS = ("sharded-data", "sharded-blind", "sharded-artifacts")
MEMORY = 2 * 2**30


class Bench:
    """A source in S3, and both ways to prepare it."""

    def __init__(self, s3, run_of, begin_manifest):
        self.s3 = s3
        self._run_of, self._begin_manifest = run_of, begin_manifest

    def event(self, name, body, **settings):
        """Upload a source and return what to prepare of it, in a run of that name.

        A source of several objects is their bodies by name.
        """
        source = "incoming/rows"
        if isinstance(body, dict):
            source += "/"
            for key, part in body.items():
                self.s3.put_object(Bucket="sharded-data", Key=f"incoming/rows/{key}", Body=part)
        else:
            self.s3.put_object(Bucket="sharded-data", Key="incoming/rows", Body=body)
        run = self._run_of(name, source=source)
        self._begin_manifest(self.s3, run)
        return {
            "run": run,
            "base_model": NOVA_MICRO,
            "method": "FINE_TUNING",
            "split": {"validation": 0.1, "test": 0.2, "seed": 7},
            "max_rejected": 0.5,
            **settings,
        }

    def plan(self, event, *, shard_bytes, above_bytes=0, **limits):
        """Plan a preparation in shards."""
        limits = {"shard_bytes": shard_bytes, "above_bytes": above_bytes, **limits}
        return planning.plan(self.s3, {"step": "plan", "preparation": event, "sharding": limits})

    def take(self, plan, step, number=None, **given):
        """Take a step."""
        event = {"step": step, "scratch": plan["scratch"], "number": number, **given}
        # As between states: only what JSON can hold.
        found = steps.take(self.s3, json.loads(json.dumps(event)), memory=MEMORY)
        return json.loads(json.dumps(found))

    def prepare_in_shards(self, event, *, shard_bytes):
        """Take all steps, those on shards and buckets last first."""
        plan = self.plan(event, shard_bytes=shard_bytes)
        shards = range(plan["shards"])
        for shard in reversed(shards):
            self.take(plan, "examine-shard", shard)
        return self.finish(plan, self.take(plan, "gather"))

    def finish(self, plan, gathered):
        """Take the steps after gathering."""
        shards = range(plan["shards"])
        for shard in reversed(shards):
            self.take(plan, "sign-shard", shard)
        for bucket in reversed(range(gathered["buckets"])):
            self.take(plan, "compare-bucket", bucket)
        self.take(plan, "decide")
        for shard in reversed(shards):
            self.take(plan, "divide-shard", shard)
        return self.take(plan, "finish")

    def written(self, plan):
        """Return when each object of the scratch was written."""
        prefix = plan["scratch"].removeprefix("s3://sharded-data/")
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket="sharded-data", Prefix=prefix
        )
        return {
            item["Key"]: item["LastModified"] for page in pages for item in page.get("Contents", [])
        }

    def files(self, event):
        """Return what a run left, by bucket and key below the run, run names made equal.

        Without the chain of the manifest's versions: their digests hold the run's name.
        """
        name = event["run"]["key"]
        found = {}
        for bucket in BUCKETS:
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=f"runs/{name}/"
            )
            for page in pages:
                for item in page.get("Contents", []):
                    body = self.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
                    key = item["Key"].removeprefix(f"runs/{name}/")
                    if key == "manifest.json":
                        body = json.dumps(json.loads(body) | {"link": None}).encode()
                    if not key.startswith("lineage/"):
                        found[bucket, key] = body.replace(name.encode(), b"<run>")
        return found


@pytest.fixture
def bench(make_buckets, run_of, begin_manifest):
    """A bench with buckets of its own."""
    places = dict(zip(("data", "blind", "artifacts"), BUCKETS, strict=True))
    return Bench(make_buckets(*BUCKETS), partial(run_of, **places), begin_manifest)


@pytest.fixture(scope="session")
def connect():
    """Make a client of S3 at a host and port that asks once and never again."""

    def connect(host, port):
        return boto3.client(
            "s3",
            endpoint_url=f"http://{host}:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    return connect
