"""Rounds of housekeeping: S3 and Systems Manager are real, Bedrock is a few lines here."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime.contract import EXPIRY_TAG, PIPELINE_TAG, RUN_TAG
from bedrock_customization_runtime.housekeeping import rounds, telling
from bedrock_customization_runtime.housekeeping.findings import FindingKind
from bedrock_customization_runtime.housekeeping.pipelines import Clients, Limits
from bedrock_customization_runtime.housekeeping.removal import Removal
from bedrock_customization_runtime.promotion import alias

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:p"
ARN = "arn:aws:bedrock:us-east-1:123456789012"
PAGE = 50
PIPELINE = {
    "name": "p",
    "state_machine_arn": MACHINE,
    "alias_parameter": "/kept",
    "previous_parameter": "/kept/previous",
    "data_bucket": "kept-data",
    "blind_bucket": "kept-blind",
    "artifacts_bucket": "kept-artifacts",
}
RUN = {"data": "kept-data", "blind": "kept-blind", "artifacts": "kept-artifacts"}


def refused(code, operation="Operation"):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


LISTS = {
    "list_provisioned_model_throughputs": ("provisionedModelSummaries", "provisioned-model"),
    "list_custom_model_deployments": ("modelDeploymentSummaries", "custom-model-deployment"),
    "list_imported_models": ("modelSummaries", "imported-model"),
    "list_custom_models": ("modelSummaries", "custom-model"),
    "list_model_customization_jobs": (
        "modelCustomizationJobSummaries",
        "model-customization-job",
    ),
    "list_evaluation_jobs": ("jobSummaries", "evaluation-job"),
}


class Bedrock:
    """Lists in pages, deletes, and refuses what a test says."""

    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

        class ConflictException(Exception):
            pass

        class ValidationException(Exception):
            pass

    def __init__(self):
        self.things, self.tags, self.refusals, self.pages = {}, {}, {}, 0
        self.looked_at = set()

    def make(self, kind, name, *, run="old", pipeline="p", ago=99 * DAY, **more):
        arn = f"{ARN}:{kind}/{name}"
        made = NOW - ago
        names = ("modelName", "provisionedModelName", "jobName", "customModelDeploymentName")
        arns = ("modelArn", "provisionedModelArn", "customModelDeploymentArn", "jobArn")
        self.things[arn] = {
            **dict.fromkeys(arns, arn),
            **dict.fromkeys(names, name),
            **dict.fromkeys(("creationTime", "createdAt"), made),
            "status": "InProgress" if kind.endswith("job") else "Active",
            **more,
        }
        tags = {PIPELINE_TAG: pipeline, RUN_TAG: run} if pipeline else {}
        self.tags[arn] = tags
        return arn

    def get_paginator(self, operation):
        self._listed = operation
        return self

    def paginate(self, *, statusEquals=None, isOwned=True):
        assert isOwned
        summaries, kind = LISTS[self._listed]
        if self._listed in self.refusals:
            raise refused(self.refusals[self._listed], self._listed)
        found = [
            one
            for arn, one in self.things.items()
            if f":{kind}/" in arn and statusEquals in {None, one["status"]}
        ]
        for start in range(0, len(found), PAGE):
            self.pages += 1
            yield {summaries: found[start : start + PAGE]}

    def list_tags_for_resource(self, *, resourceARN):
        self.looked_at.add(resourceARN)
        return {
            "tags": [{"key": key, "value": value} for key, value in self.tags[resourceARN].items()]
        }

    def _get(self, arn):
        if arn not in self.things:
            raise self.exceptions.ResourceNotFoundException
        return self.things[arn]

    def get_custom_model_deployment(self, *, customModelDeploymentIdentifier):
        return self._get(customModelDeploymentIdentifier)

    def get_provisioned_model_throughput(self, *, provisionedModelId):
        return self._get(provisionedModelId)

    def get_imported_model(self, *, modelIdentifier):
        return self._get(modelIdentifier)

    def get_model_customization_job(self, *, jobIdentifier):
        return self._get(jobIdentifier)

    get_evaluation_job = get_model_customization_job

    def _delete(self, arn):
        if arn in self.refusals:
            raise refused(self.refusals[arn])
        del self.things[arn]

    def delete_custom_model_deployment(self, *, customModelDeploymentIdentifier):
        self._delete(customModelDeploymentIdentifier)

    def delete_provisioned_model_throughput(self, *, provisionedModelId):
        self._delete(provisionedModelId)

    def delete_imported_model(self, *, modelIdentifier):
        self._delete(modelIdentifier)

    def delete_custom_model(self, *, modelIdentifier):
        self._delete(modelIdentifier)

    def stop_model_customization_job(self, *, jobIdentifier):
        self.things[jobIdentifier]["status"] = "Stopping"

    stop_evaluation_job = stop_model_customization_job


class StepFunctions:
    """Executions by name: running, or how long ago they ended."""

    def __init__(self):
        self.ended = {"old": 90 * DAY}
        self.asked = []

    def describe_execution(self, *, executionArn):
        machine, _, name = executionArn.rpartition(":")
        self.asked.append(name)
        if machine.rpartition(":")[2] != "p" or name not in self.ended:
            raise refused("ExecutionDoesNotExist")
        ago = self.ended[name]
        if ago is None:
            return {"status": "RUNNING"}
        return {"status": "FAILED", "stopDate": NOW - ago}


class CloudWatch:
    def __init__(self):
        self.asked, self.counts = {}, {}

    def get_metric_statistics(self, **request):
        arn = request["Dimensions"][0]["Value"]
        return {"Datapoints": [{"Sum": self.asked.get(arn, 0)}]}

    def put_metric_data(self, *, Namespace, MetricData):
        assert Namespace == "BedrockCustomization"
        self.counts = {one["MetricName"]: one["Value"] for one in MetricData}


class Sns:
    def __init__(self):
        self.said = []

    def publish(self, *, TopicArn, Subject, Message):
        assert len(Subject) <= 100
        self.said.append((TopicArn, Subject, Message))


class House:
    """A pipeline whose house is kept."""

    def __init__(self, s3, ssm, begin_manifest, run_of):
        self.bedrock, self.states, self.cloudwatch = Bedrock(), StepFunctions(), CloudWatch()
        self.s3, self.ssm = s3, ssm
        self._begin, self._run_of = begin_manifest, run_of
        self.begin("old")

    def begin(self, name, *, machine="p"):
        run = self._run_of(name, **RUN)
        arn = f"arn:aws:states:us-east-1:123456789012:execution:{machine}:{name}"
        self._begin(self.s3, {**run, "execution_arn": arn})

    def put(self, bucket, *keys):
        for key in keys:
            self.s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    def keys(self, bucket):
        found = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {one["Key"] for one in found}

    def point(self, parameter, arn):
        self.ssm.put_parameter(Name=parameter, Value=arn, Type="String", Overwrite=True)

    def promote(self, run, arn, model_arn=None):
        alias.promote(
            self.s3,
            self.ssm,
            record=alias.record_uri("kept-artifacts", "/kept"),
            alias_parameter="/kept",
            run=run,
            manifest_uri=f"s3://kept-artifacts/runs/{run}/manifest.json",
            arn=arn,
            model_arn=model_arn,
            execution_arn=f"execution:{run}",
        )

    @property
    def clients(self):
        return Clients(
            bedrock=self.bedrock,
            cloudwatch=self.cloudwatch,
            s3=self.s3,
            ssm=self.ssm,
            stepfunctions=self.states,
        )

    def keep(self, *, dry_run=False, remaining_ms=lambda: 900_000, **limits):
        return rounds.run(
            self.clients,
            PIPELINE,
            Limits(**limits),
            now=NOW,
            dry_run=dry_run,
            remaining_ms=remaining_ms,
        )


@pytest.fixture
def house(make_buckets, ssm, begin_manifest, run_of):
    s3 = make_buckets("kept-data", "kept-blind", "kept-artifacts")
    yield House(s3, ssm, begin_manifest, run_of)
    ssm.delete_parameters(Names=["/kept", "/kept/previous"])


def removed(report):
    return [finding.resource for finding in report.of_outcome("removed")]


def test_everything_that_an_ended_run_left_is_taken_away_what_bills_most_first(house):
    bedrock = house.bedrock
    model = bedrock.make("custom-model", "model")
    job = bedrock.make("model-customization-job", "job")
    judging = bedrock.make("evaluation-job", "judging")
    deployment = bedrock.make("custom-model-deployment", "deployment", modelArn="arn:elsewhere")
    imported = bedrock.make("imported-model", "imported")
    throughput = bedrock.make("provisioned-model", "throughput")
    report = house.keep(models=30 * DAY)
    assert removed(report) == [throughput, job, judging, deployment, imported, model]
    assert bedrock.things.keys() == {job, judging}
    assert {bedrock.things[arn]["status"] for arn in (job, judging)} == {"Stopping"}
    assert house.keep(models=30 * DAY).findings == []


def test_a_dry_run_finds_the_same_and_changes_nothing(house):
    house.bedrock.make("provisioned-model", "throughput")
    house.put("kept-data", "runs/old/prepared/train.jsonl")
    before = dict(house.bedrock.things), house.keys("kept-data")
    report = house.keep(dry_run=True, data=30 * DAY)
    assert [finding.outcome for finding in report.findings] == ["found", "found"]
    assert (house.bedrock.things, house.keys("kept-data")) == before


def test_what_it_did_not_make_is_never_touched(house):
    bedrock = house.bedrock
    for kind in ("provisioned-model", "custom-model-deployment", "imported-model", "custom-model"):
        bedrock.make(kind, "nobodys", pipeline=None)
        bedrock.make(kind, "theirs", pipeline="other")
        by_hand = bedrock.make(kind, "by-hand")
        del bedrock.tags[by_hand][RUN_TAG]
        bedrock.make(kind, "unknown", run="never-heard-of")
    report = house.keep(models=30 * DAY)
    assert (report.findings, report.unseen) == ([], [])


def test_what_a_running_execution_uses_is_never_touched(house):
    house.begin("busy")
    house.states.ended["busy"] = None
    for kind in ("provisioned-model", "custom-model-deployment", "custom-model"):
        house.bedrock.make(kind, "used", run="busy")
    house.put("kept-data", "runs/busy/prepared/train.jsonl", "scratch/busy/import/model/w")
    house.put("kept-blind", "runs/busy/test.jsonl")
    assert house.keep(models=30 * DAY, data=15 * DAY).findings == []


def test_what_the_alias_names_and_what_a_rollback_needs_are_never_touched(house):
    bedrock = house.bedrock
    first, second = (bedrock.make("custom-model-deployment", name) for name in ("one", "two"))
    models = [bedrock.make("custom-model", name) for name in ("one", "two")]
    for arn, model in zip((first, second), models, strict=True):
        house.promote("old", arn, model)
    # One that a person named, behind the record's back.
    by_hand = bedrock.make("custom-model-deployment", "three")
    house.point("/kept", by_hand)
    assert house.keep(models=15 * DAY).findings == []


def test_the_record_protects_where_the_parameter_is_behind_it(house):
    live = house.bedrock.make("provisioned-model", "live")
    house.promote("old", live)
    house.ssm.delete_parameter(Name="/kept")
    house.cloudwatch.asked[live] = 3
    assert house.keep().findings == []


def test_idle_throughput_that_is_live_is_reported_and_stays(house):
    live = house.bedrock.make("provisioned-model", "live")
    house.promote("old", live)
    report = house.keep()
    assert [finding.outcome for finding in report.findings] == ["reported"]
    assert live in house.bedrock.things
    telling.count(house.cloudwatch, report)
    assert house.cloudwatch.counts["IdleThroughputs"] == 1


def test_throughput_past_its_end_goes_with_the_alias(house):
    over = house.bedrock.make("provisioned-model", "over")
    house.bedrock.tags[over][EXPIRY_TAG] = (NOW - DAY).isoformat()
    house.promote("old", over)
    assert removed(house.keep()) == [over]
    assert house.ssm.get_parameters(Names=["/kept"])["Parameters"] == []


def test_hundreds_of_models_come_in_pages(house):
    lost = {house.bedrock.make("custom-model", f"lost-{n}") for n in range(320)}
    for number in range(200):
        house.bedrock.make("custom-model", f"theirs-{number}", pipeline="other")
    assert set(removed(house.keep(models=30 * DAY))) == lost
    assert house.bedrock.pages == -(-520 // PAGE)


def test_tags_of_models_that_no_retention_concerns_are_not_asked_for(house):
    old = house.bedrock.make("custom-model", "old", ago=31 * DAY)
    house.bedrock.make("custom-model", "young", ago=29 * DAY)
    house.keep()
    assert house.bedrock.looked_at == set()
    house.keep(models=30 * DAY)
    assert house.bedrock.looked_at == {old}


def test_a_run_is_looked_up_once_in_a_look(house):
    for number in range(40):
        house.bedrock.make("custom-model-deployment", f"one-{number}", run="old")
    house.keep(dry_run=True)
    assert house.states.asked == ["old"]


def test_a_list_that_is_throttled_keeps_only_its_own_kind_from_being_seen(house):
    throughput = house.bedrock.make("provisioned-model", "throughput")
    house.bedrock.make("custom-model", "model")
    house.bedrock.refusals["list_custom_model_deployments"] = "ThrottlingException"
    report = house.keep(models=30 * DAY)
    # Nobody knows what is made of the model, so it stays.
    assert removed(report) == [throughput]
    assert report.unseen == ["on-demand deployment: ThrottlingException"]


def test_what_fails_is_reported_and_tried_again_while_others_go(house):
    stuck, free = (house.bedrock.make("custom-model-deployment", n) for n in ("stuck", "free"))
    house.bedrock.refusals[stuck] = "ThrottlingException"
    report = house.keep()
    assert removed(report) == [free]
    (failed,) = report.of_outcome("failed")
    assert (failed.resource, failed.error) == (stuck, "ThrottlingException")
    del house.bedrock.refusals[stuck]
    assert removed(house.keep()) == [stuck]


def test_a_run_that_is_redriven_meanwhile_keeps_what_it_made(house):
    arn = house.bedrock.make("custom-model-deployment", "wanted")
    describe = house.states.describe_execution

    def redriven_at_the_second_look(**request):
        if house.states.asked:
            house.states.ended["old"] = None
        return describe(**request)

    house.states.describe_execution = redriven_at_the_second_look
    report = house.keep()
    assert [finding.outcome for finding in report.findings] == ["spared"]
    assert arn in house.bedrock.things


def test_what_is_promoted_meanwhile_stays(house):
    arn = house.bedrock.make("custom-model-deployment", "wanted")
    describe = house.states.describe_execution

    def promoted_at_the_second_look(**request):
        if house.states.asked:
            house.promote("old", arn)
        return describe(**request)

    house.states.describe_execution = promoted_at_the_second_look
    assert removed(house.keep()) == []
    assert arn in house.bedrock.things


def test_what_time_does_not_suffice_for_is_left_to_the_next_round(house):
    for number in range(5):
        house.bedrock.make("custom-model-deployment", f"one-{number}")
    time = iter([900_000, 900_000, 20_000])
    report = house.keep(remaining_ms=lambda: next(time))
    assert (len(removed(report)), len(report.of_outcome("found"))) == (2, 3)
    assert not report.complete
    report = house.keep()
    assert (len(removed(report)), report.complete) == (3, True)


def test_data_go_after_their_retention_but_never_what_the_live_model_was_proved_on(house):
    for name in ("live", "before"):
        house.begin(name)
        house.states.ended[name] = 90 * DAY
    house.begin("theirs", machine="other")
    house.promote("before", f"{ARN}:custom-model-deployment/before")
    house.promote("live", f"{ARN}:custom-model-deployment/live")
    for name in ("old", "live", "before", "theirs"):
        house.put("kept-data", f"runs/{name}/prepared/train.jsonl")
        house.put("kept-blind", f"runs/{name}/test.jsonl", f"runs/{name}/answers/base.jsonl")
    house.put("kept-data", "incoming/raw.csv", "runs/no-manifest/prepared/train.jsonl")
    artifacts = house.keys("kept-artifacts")
    assert house.keep(data=91 * DAY).findings == []
    report = house.keep(data=89 * DAY)
    assert removed(report) == ["s3://kept-data/runs/old/", "s3://kept-blind/runs/old/"]
    left = {f"runs/{name}/prepared/train.jsonl" for name in ("live", "before", "theirs")}
    left |= {"incoming/raw.csv", "runs/no-manifest/prepared/train.jsonl"}
    assert house.keys("kept-data") == left
    assert not any("runs/old/" in key for key in house.keys("kept-blind"))
    assert house.keys("kept-artifacts") == artifacts


def test_manifests_go_only_where_that_is_asked_for_and_last(house):
    house.put("kept-data", "runs/old/prepared/train.jsonl")
    report = house.keep(data=30 * DAY, artifacts=30 * DAY)
    assert removed(report) == ["s3://kept-data/runs/old/", "s3://kept-artifacts/runs/old/"]
    assert house.keys("kept-artifacts") == set()


def test_uploads_and_copies_of_ended_runs_go_and_those_of_others_stay(house):
    house.begin("theirs", machine="other")
    house.begin("busy")
    house.states.ended["busy"] = None
    for name in ("old", "theirs", "busy"):
        house.put("kept-data", f"scratch/{name}/import/model/weights", f"scratch/{name}/plan.json")
        for key in (f"scratch/{name}/import/model/more", f"runs/{name}/prepared/train.jsonl"):
            house.s3.create_multipart_upload(Bucket="kept-data", Key=key)
    house.s3.create_multipart_upload(Bucket="kept-data", Key="incoming/raw.csv")
    found = [finding.kind for finding in house.keep().findings]
    upload = FindingKind.INCOMPLETE_UPLOAD
    assert found == [upload, upload, FindingKind.STAGED_MODEL]
    left = house.s3.list_multipart_uploads(Bucket="kept-data")["Uploads"]
    assert len(left) == 5
    assert not any("/old/" in upload["Key"] for upload in left)
    kept = {"scratch/old/plan.json"}
    kept |= {
        f"scratch/{n}/{k}"
        for n in ("theirs", "busy")
        for k in ("import/model/weights", "plan.json")
    }
    assert house.keys("kept-data") == kept


def test_an_upload_of_today_may_yet_be_completed(house):
    house.s3.create_multipart_upload(Bucket="kept-data", Key="runs/old/prepared/train.jsonl")

    def begun_today(parsed, **_):
        for upload in parsed.get("Uploads", []):
            upload["Initiated"] = NOW - timedelta(hours=23)

    # moto dates all of them 2010.
    event = "after-call.s3.ListMultipartUploads"
    house.s3.meta.events.register(event, begun_today)
    assert house.keep().findings == []
    house.s3.meta.events.unregister(event, begun_today)
    assert len(removed(house.keep())) == 1


def test_of_a_pipeline_that_is_gone_all_that_bills_goes_in_one_round(house):
    model = house.bedrock.make("custom-model", "live", ago=DAY)
    live = house.bedrock.make("custom-model-deployment", "live", modelArn=model)
    house.promote("old", live, model)
    house.point("/kept/previous", live)
    # Step Functions has forgotten its executions together with the machine.
    house.states.ended.clear()
    looked = rounds.look(
        house.clients, PIPELINE, Limits(models=timedelta(0)), now=NOW, is_retired=True
    )
    removal = Removal(house.clients, PIPELINE, looked.runs, now=NOW, is_retired=True)
    gone = [removal.remove(finding) for finding in looked.findings]
    assert [(one.resource, one.outcome) for one in gone] == [(live, "removed"), (model, "removed")]
    assert house.bedrock.things == {}
    assert house.ssm.get_parameters(Names=["/kept", "/kept/previous"])["Parameters"] == []


def test_a_round_is_told_of_once(house):
    house.bedrock.make("custom-model-deployment", "free")
    stuck = house.bedrock.make("custom-model-deployment", "stuck")
    house.bedrock.refusals[stuck] = "ConflictException"
    sns, told = Sns(), []
    for _ in range(3):
        before = telling.last(house.s3, "kept-artifacts", "p")
        report = house.keep()
        uri = telling.keep(house.s3, "kept-artifacts", report)
        telling.count(house.cloudwatch, report)
        telling.notify(sns, "arn:topic", report, uri=uri, before=before)
        told.append(house.cloudwatch.counts["HousekeepingFailed"])
    ((topic, subject, message),) = sns.said
    assert (topic, subject) == ("arn:topic", "Housekeeping: 1 removed, 1 could not be")
    assert "NOT removed (ConflictException)" in message
    assert told == [1, 1, 1]
    reports = {key for key in house.keys("kept-artifacts") if key.startswith("housekeeping/p/")}
    assert reports == {"housekeeping/p/latest.json", f"housekeeping/p/{NOW:%Y-%m-%dT%H%M%S}Z.json"}
    body = house.s3.get_object(Bucket="kept-artifacts", Key="housekeeping/p/latest.json")["Body"]
    assert json.load(body)["findings"][0]["outcome"] == "failed"
