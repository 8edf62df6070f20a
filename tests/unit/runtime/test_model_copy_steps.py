"""Copies of models of another account: the input, what is checked, what is kept."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from bedrock_customization_runtime import aws, manifest, model_copy, run_start
from bedrock_customization_runtime.errors import CopyFailed, InvalidInput
from bedrock_customization_runtime.handlers import copy_model
from bedrock_customization_runtime.promotion import decision
from bedrock_customization_runtime.reports import verdicts

BASE = "amazon.nova-micro-v1:0:128k"
MODEL = f"arn:aws:bedrock:us-east-1:222222222222:custom-model/{BASE}/abcdefghijkl"
COPY = f"arn:aws:bedrock:us-east-1:123456789012:custom-model/{BASE}/mnopqrstuvwx"
JOB = "arn:aws:bedrock:us-east-1:123456789012:model-copy-job/mnopqrstuvwx"


class NotFoundError(Exception):
    pass


class Bedrock:
    """A control plane with one model of a base model, and so many others."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotFoundError)

    def __init__(self, base=BASE):
        self.base = base

    def get_custom_model(self, *, modelIdentifier):
        if modelIdentifier != COPY:
            raise NotFoundError
        return {
            "modelArn": COPY,
            "baseModelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{self.base}",
            "creationTime": datetime(2026, 11, 23, tzinfo=UTC),
        }

    def get_paginator(self, _name):
        page = {"modelSummaries": [], "modelCustomizationJobSummaries": []}
        return SimpleNamespace(paginate=lambda **_given: [page])


def quotas():
    return SimpleNamespace(
        get_service_quota=lambda **_given: {"Quota": {"Value": 100.0, "QuotaName": "models"}},
        exceptions=SimpleNamespace(NoSuchResourceException=NotFoundError),
    )


def begin(s3, name, given=None, region="us-east-1"):
    event = {
        "execution_arn": f"arn:aws:states:{region}:123456789012:execution:Machine:{name}",
        "kind": "copy",
        "execution_name": name,
        "input": {"model": MODEL} if given is None else given,
        "data_bucket": "data",
        "blind_bucket": "blind",
        "artifacts_bucket": "runtime-artifacts",
        "base_model": BASE,
        "method": "FINE_TUNING",
        "hyperparameters": {},
    }
    return run_start.start(s3, event, embedded=True)


def record(run):
    return {"step": "record", "run": run, "job_arn": JOB, "model_arn": COPY}


def test_a_copy_is_recorded_and_nothing_is_held_against_it_again(s3, monkeypatch):
    run = begin(s3, "copied")
    assert run["source"] == MODEL
    for name, client in (("s3", s3), ("bedrock", Bedrock()), ("service_quotas", quotas())):
        monkeypatch.setattr(aws, name, lambda client=client: client)
    checked = {"step": "check", "run": run, "model_name": "copy"}
    assert copy_model.handler(checked, None) is None
    assert copy_model.handler(record(run), None) == {"model_arn": COPY}
    decided = decision.decide(s3, {"run": run, "gate": {"min_improvement": 0.0}})
    found = manifest.load(s3, run["manifest"])
    assert decided == {"promote": True, "refused_by": []}
    assert [verdict.rule for verdict in found.decision.verdicts] == ["decided_elsewhere"]
    stages = verdicts.stages(found)
    assert [stage.title for stage in stages if stage.done] == ["Copy", "Deployment", "Decision"]
    assert (found.model_copy.source_model_arn, found.job_arn, found.model_arn) == (MODEL, JOB, COPY)
    assert [check.name for check in found.preflight] == ["Region", "custom models"]
    assert {item.name for item in found.estimate.monthly} == {"storage", "deployment"}


def test_a_region_to_which_no_document_lists_copies_is_refused(s3):
    run = begin(s3, "copy-far", region="sa-east-1")
    event = {"step": "check", "run": run, "model_name": "copy"}
    with pytest.raises(CopyFailed, match="not copied to sa-east-1"):
        model_copy.check(Bedrock(), s3, quotas(), event)


def test_a_model_of_another_base_model_is_not_kept(s3):
    run = begin(s3, "copy-of-another")
    with pytest.raises(CopyFailed, match="no copy that was checked"):
        model_copy.record(Bedrock(), s3, record(run))
    model_copy.check(Bedrock(), s3, quotas(), {"step": "check", "run": run, "model_name": "copy"})
    with pytest.raises(CopyFailed, match=r"made of amazon\.nova-pro"):
        model_copy.record(Bedrock("amazon.nova-pro-v1:0:300k"), s3, record(run))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "the run's input must be"),
        ({"model": MODEL, "source": "s3://data/x"}, "the run's input must be"),
        ({"model": MODEL.replace("arn:aws:", "arn:aws-us-gov:")}, "stays in its partition"),
        ({"model": MODEL.replace("nova-micro", "nova-lite")}, "of one base model"),
        ({"model": f"{MODEL}\n"}, "model must be like"),
    ],
)
def test_an_input_that_names_no_model_to_copy_is_refused(s3, given, message):
    with pytest.raises(InvalidInput, match=message):
        begin(s3, "copy-refused", given)
