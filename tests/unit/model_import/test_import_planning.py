"""Before anything is copied, and after the import: room, rules, budget, manifest."""

import json
from datetime import UTC, datetime
from functools import partial

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from bedrock_customization_local.cloud.bedrock.tinylm.model import untrained_model
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import (
    Record,
    build_vocabulary,
    split_words,
)
from bedrock_customization_runtime import catalog, manifest
from bedrock_customization_runtime.costs.quantities import RunTokens
from bedrock_customization_runtime.errors import (
    BudgetExceeded,
    ImportFailed,
    ModelRejected,
    QuotaExhausted,
)
from bedrock_customization_runtime.model_import import (
    cost,
    finishing,
    planning,
    record,
    room,
    staging,
)

MODEL_ARN = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl"
JOB_ARN = "arn:aws:bedrock:us-east-1:123456789012:model-import-job/abcdefghijkl"


class Bedrock:
    """An account with some imported models and import jobs."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceNotFoundException(Exception):  # noqa: N818 - boto3's name
            pass

    def __init__(self, models=0, running=(), completed=()):
        self._pages = {
            "list_imported_models": {"modelSummaries": [{}] * models},
            "list_model_import_jobs": {
                "modelImportJobSummaries": [{"jobName": name} for name in running]
            },
        }
        self._completed = completed
        self.units, self.instruct_supported = 2, True

    def get_paginator(self, operation):
        return Pages(self._pages[operation])

    def get_model_import_job(self, *, jobIdentifier):  # noqa: N803 - Bedrock's name
        if jobIdentifier not in {JOB_ARN, *self._completed}:
            raise self.exceptions.ResourceNotFoundException
        moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
        return {
            "jobArn": JOB_ARN,
            "status": "Completed",
            "importedModelArn": MODEL_ARN,
            "creationTime": moment,
            "lastModifiedTime": moment,
            "endTime": moment,
        }

    def get_imported_model(self, *, modelIdentifier):  # noqa: N803 - Bedrock's name
        units = {"customModelUnitsPerModelCopy": self.units} if self.units else {}
        return {
            "modelArn": modelIdentifier,
            "modelArchitecture": "LlamaForCausalLM",
            "instructSupported": self.instruct_supported,
            "customModelUnits": units,
        }


class Pages:
    """All of a list on one page."""

    def __init__(self, page):
        self._page = page

    def paginate(self, **_):
        return [self._page]


class Quotas:
    """Service Quotas, which says nothing or a figure."""

    def __init__(self, value=None):
        self._value = value

    def get_service_quota(self, **asked):
        if self._value is None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetServiceQuota")
        assert asked == {"ServiceCode": "bedrock", "QuotaCode": "L-45B04988"}
        return {"Quota": {"Value": float(self._value)}}


@pytest.fixture(scope="module")
def model_files(tmp_path_factory):
    """A small model that Bedrock would import, and files that are never copied."""
    vocabulary = build_vocabulary([Record(split_words("a b"), split_words("c"))], context=32)
    folder = tmp_path_factory.mktemp("model")
    write_model_folder(untrained_model(vocabulary, seed=0), folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {**files, "pytorch_model.bin": b"pickle", "modeling_odd.py": b"import os"}


@pytest.fixture
def plan(clients, run, source_of):
    """Plan the import of a repository."""

    def one(repo, bedrock=None, **settings):
        asked = planning.PlanningClients(
            sources=clients, bedrock=bedrock or Bedrock(), service_quotas=Quotas()
        )
        event = {
            "step": "inspect",
            "run": run,
            "job_name": "job",
            "source": source_of(repo),
            "staging": {"part_bytes": 5 * 2**20, "batch_bytes": 2**30},
            "allow_unknown_price": False,
            **settings,
        }
        return planning.plan(asked, event)

    return one


def test_a_model_is_planned_and_its_findings_kept(plan, publish, model_files, run, s3):
    found = plan(publish("owner/model", model_files))
    assert found["batches"] == 1
    section = manifest.load(s3, run["manifest"]).model_import
    assert section.architecture == "LlamaForCausalLM"
    names = {file.name for file in section.files}
    assert names == model_files.keys() - {"pytorch_model.bin", "modeling_odd.py"}
    assert found["files"] == len(names)
    assert section.left_out == 2
    assert section.inspection.endswith("/import/findings.json")


def test_a_repeated_plan_keeps_commit_and_uploads(
    plan, publish, model_files, run, s3, open_uploads
):
    repo = publish("owner/model", model_files)
    plan(repo)
    first, uploads = manifest.load(s3, run["manifest"]).model_import, open_uploads()
    publish("owner/model", {**model_files, "README.md": b"newer"})
    plan(repo)
    assert manifest.load(s3, run["manifest"]).model_import == first
    assert open_uploads() == uploads


def test_a_model_that_breaks_rules_is_refused_before_anything_is_copied(
    plan, publish, model_files, open_uploads
):
    files = {**model_files, "config.json": b'{"architectures": ["OddForCausalLM"]}'}
    with pytest.raises(ModelRejected, match=r"rules of Custom Model Import.*OddForCausalLM"):
        plan(publish("owner/model", files))
    assert open_uploads() == []


def test_a_model_that_converse_would_not_take_is_refused_before_anything_is_copied(
    plan, publish, model_files, open_uploads
):
    settings = json.loads(model_files["tokenizer_config.json"])
    del settings["chat_template"]
    files = {**model_files, "tokenizer_config.json": json.dumps(settings).encode()}
    with pytest.raises(ModelRejected, match="chat template"):
        plan(publish("owner/model", files))
    assert open_uploads() == []


def test_a_full_account_is_refused_before_anything_is_read(plan, hub):
    before = len(hub.requests)
    with pytest.raises(QuotaExhausted, match=r"L-45B04988.*delete-imported-model"):
        plan("owner/model", bedrock=Bedrock(models=3))
    assert len(hub.requests) == before


@pytest.mark.parametrize(
    ("bedrock", "quota", "fits"),
    [
        (Bedrock(2), None, True),
        (Bedrock(3), None, False),
        (Bedrock(2, running=["other"]), None, False),
        (Bedrock(2, running=["job"]), None, True),
        (Bedrock(3, completed=["job"]), None, True),
        (Bedrock(3), 4, True),
        (Bedrock(1), 1, False),
    ],
)
def test_running_imports_count_and_ones_own_counts_once(bedrock, quota, fits):
    check = partial(room.check_quota, bedrock, Quotas(quota), job_name="job")
    if fits:
        assert check().passed
    else:
        with pytest.raises(QuotaExhausted):
            check()


def test_a_region_without_import_is_refused():
    assert room.check_region("us-west-2").passed
    with pytest.raises(ImportFailed, match="eu-central-1"):
        room.check_region("eu-west-3")


def tokens(records):
    blind = manifest.SideTokens(
        records=records, questions=1000, answers=500, unanswered=0, unanswered_questions=0
    )
    return RunTokens(training=1000, records=100, blind=blind)


def test_the_estimate_is_units_times_windows():
    model = catalog.base_model("amazon.nova-micro-v1:0:128k")
    found = cost.estimate(model, tokens(700), units=8, answer_tokens=64)
    copy, *asked = found.items
    # A first window, and 700 questions in three more.
    assert copy.quantity == 8 * 4 * 5
    assert copy.usd == pytest.approx(8 * 4 * 5 * 0.0785)
    assert [item.name for item in asked] == ["base model input", "base model output"]
    (stored,) = found.monthly
    assert stored.usd == pytest.approx(8 * 1.95)


def test_before_the_import_the_units_are_an_assumption_that_is_named():
    model = catalog.base_model("amazon.nova-micro-v1:0:128k")
    found = cost.estimate(model, tokens(1), units=None, answer_tokens=None)
    assert "as in AWS's example" in found.items[0].assumption
    assert "one copy of 2 units" in found.items[0].assumption
    assert len(found.items) == 1


@pytest.fixture
def staged_plan(plan, publish, model_files, s3, look, plenty):
    """A model that was copied and checked; returns its scratch."""
    repo = publish("owner/model", model_files)
    found = plan(repo)
    scratch = planning.ImportScratch(s3, found["scratch"])
    made, source = scratch.read(), look(repo)
    staging.stage(s3, source, made, 0, remaining_ms=plenty)
    for number in range(found["files"]):
        finishing.finish(s3, scratch, made, number)
    return scratch


def recorded(bedrock, s3, run, scratch, **settings):
    event = {
        "step": "record",
        "run": run,
        "scratch": scratch.uri,
        "job_arn": JOB_ARN,
        "allow_unknown_price": False,
        **settings,
    }
    return record.record(bedrock, s3, event)


def test_what_was_imported_is_kept_and_the_copy_deleted(staged_plan, run, s3, staged):
    assert staged()
    found = recorded(Bedrock(), s3, run, staged_plan)
    assert found == {
        "arn": MODEL_ARN,
        "architecture": "LlamaForCausalLM",
        "instruct_supported": True,
        "units_per_copy": 2,
    }
    section = manifest.load(s3, run["manifest"]).model_import
    assert section.job.model_arn == MODEL_ARN
    assert all(file.sha256 for file in section.files)
    assert staged() == {}
    assert recorded(Bedrock(), s3, run, staged_plan) == found


def test_units_that_nobody_states_are_never_guessed(staged_plan, run, s3):
    bedrock = Bedrock()
    bedrock.units = None
    with pytest.raises(ImportFailed, match="units"):
        recorded(bedrock, s3, run, staged_plan)


def test_a_model_that_converse_does_not_take_is_not_asked(staged_plan, run, s3):
    bedrock = Bedrock()
    bedrock.instruct_supported = False
    with pytest.raises(ImportFailed, match="Converse"):
        recorded(bedrock, s3, run, staged_plan)
    assert not manifest.load(s3, run["manifest"]).model_import.job.instruct_supported


def test_a_budget_is_held_against_the_units_that_bedrock_states(staged_plan, run, s3):
    preparation = prepared()
    manifest.update(s3, run["manifest"], lambda found: replace(found, preparation=preparation))
    bedrock = Bedrock()
    limits = {"max_cost_usd": 3.0, "evaluation_max_tokens": 64}
    recorded(bedrock, s3, run, staged_plan, **limits)
    bedrock.units = 16
    with pytest.raises(BudgetExceeded, match="imported model"):
        recorded(bedrock, s3, run, staged_plan, **limits)


def prepared():
    file = manifest.FileRecord(uri="s3://b/k", sha256="0", bytes=1, records=1)
    return manifest.PreparationSection(
        source=file,
        train=file,
        validation=file,
        test=file,
        rejected=None,
        read=1,
        duplicates=0,
        record_format="converse",
        estimated_tokens=1000,
        blind_tokens=manifest.SideTokens(
            records=10, questions=100, answers=50, unanswered=0, unanswered_questions=0
        ),
    )
