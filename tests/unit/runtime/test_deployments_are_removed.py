"""What is removed and what never is. Bedrock and Step Functions are a few lines here."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bedrock_customization_runtime import manifest, names
from bedrock_customization_runtime.contract import DeploymentKind
from bedrock_customization_runtime.deployment import cleanup, removal
from bedrock_customization_runtime.errors import DeploymentBusy
from bedrock_customization_runtime.promotion import alias

PREFIX = "arn:aws:bedrock:us-east-1:123456789012"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Tuning:run-9"
MANIFEST = "s3://runtime-artifacts/runs/run-9/manifest.json"
NAME = names.names_of(EXECUTION)[0]["deployment"]
ON_DEMAND, PROVISIONED, IMPORTED = DeploymentKind


def on_demand(name):
    return f"{PREFIX}:custom-model-deployment/{name}"


def provisioned(name):
    return f"{PREFIX}:provisioned-model/{name}"


def imported(name):
    return f"{PREFIX}:imported-model/{name}"


class Bedrock:
    """What answers, by name: a list of statuses, the last one stays; of imports, of their jobs."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceNotFoundException(Exception):  # noqa: N818 - boto3's name
            pass

        class ConflictException(Exception):  # noqa: N818 - boto3's name
            pass

        class ValidationException(Exception):  # noqa: N818 - boto3's name
            pass

    def __init__(self, deployments=(), throughputs=(), imports=()):
        self.imports = {name: ["Completed"] for name in imports}
        self.deployments = {name: ["Active"] for name in deployments}
        self.throughputs = {name: ["InService"] for name in throughputs}

    def get_custom_model_deployment(self, *, customModelDeploymentIdentifier):  # noqa: N803
        name, status = self._look(self.deployments, customModelDeploymentIdentifier)
        return {"customModelDeploymentArn": on_demand(name), "status": status}

    def get_provisioned_model_throughput(self, *, provisionedModelId):  # noqa: N803
        name, status = self._look(self.throughputs, provisionedModelId)
        return {"provisionedModelArn": provisioned(name), "status": status}

    def delete_custom_model_deployment(self, *, customModelDeploymentIdentifier):  # noqa: N803
        del self.deployments[customModelDeploymentIdentifier.rpartition("/")[2]]

    def delete_provisioned_model_throughput(self, *, provisionedModelId):  # noqa: N803
        name, status = self._look(self.throughputs, provisionedModelId)
        if status == "Updating":
            raise self.exceptions.ConflictException
        del self.throughputs[name]

    def get_imported_model(self, *, modelIdentifier):  # noqa: N803
        name = modelIdentifier.rpartition("/")[2]
        if self.imports.get(name) != ["Completed"]:
            raise self.exceptions.ResourceNotFoundException
        return {"modelArn": imported(name)}

    def get_model_import_job(self, *, jobIdentifier):  # noqa: N803
        name, status = self._look(self.imports, jobIdentifier)
        return {"jobArn": f"{PREFIX}:model-import-job/{name}", "status": status}

    def delete_imported_model(self, *, modelIdentifier):  # noqa: N803
        del self.imports[modelIdentifier.rpartition("/")[2]]

    def _look(self, where, identifier):
        name = identifier.rpartition("/")[2]
        if name not in where:
            raise self.exceptions.ResourceNotFoundException
        statuses = where[name]
        return name, statuses.pop(0) if len(statuses) > 1 else statuses[0]


@pytest.fixture
def live(ssm):
    """Say what the alias names."""

    def point(arn):
        ssm.put_parameter(Name="alias", Value=arn, Type="String", Overwrite=True)

    point("nothing")
    return point


def remove(bedrock, name, kind=ON_DEMAND, *in_use):
    return removal.remove(bedrock, kind=kind, name=name, in_use=in_use)


@pytest.mark.parametrize(
    ("kind", "arn"),
    [(ON_DEMAND, on_demand("a")), (PROVISIONED, provisioned("a")), (IMPORTED, imported("a"))],
)
def test_a_deployment_is_found_by_its_name_and_removed_once(kind, arn):
    bedrock = Bedrock(["a"], ["a"], ["a"])
    assert remove(bedrock, "a", kind, on_demand("other")) == arn
    assert remove(bedrock, "a", kind) is None


@pytest.mark.parametrize(
    ("kind", "arn"),
    [(ON_DEMAND, on_demand("a")), (PROVISIONED, provisioned("a")), (IMPORTED, imported("a"))],
)
def test_what_is_in_use_is_never_removed(kind, arn):
    bedrock = Bedrock(["a"], ["a"], ["a"])
    assert remove(bedrock, "a", kind, arn) is None
    assert bedrock.deployments
    assert bedrock.throughputs


def test_what_is_changing_is_removed_later():
    bedrock = Bedrock(["a"], ["b"])
    bedrock.deployments["a"], bedrock.throughputs["b"] = ["Creating"], ["Updating"]
    with pytest.raises(DeploymentBusy, match="still being created"):
        remove(bedrock, "a")
    with pytest.raises(DeploymentBusy, match="is changing"):
        remove(bedrock, "b", PROVISIONED)


def record_of(*arns):
    """Return the record of an alias that was moved from one deployment to the next."""
    history = [
        alias.Promotion(
            kind="promote",
            run=f"run-{place}",
            manifest="s3://runtime-artifacts/runs/any/manifest.json",
            arn=arn,
            previous=arns[place - 1] if place else None,
            execution_arn=f"{EXECUTION}-{place}",
            moved="2026-11-23T00:00:00+00:00",
        )
        for place, arn in enumerate(arns)
    ]
    return msgspec.json.encode(alias.PromotionRecord(history=history))


@pytest.fixture
def keep_record(s3):
    """Write the record of the alias."""
    uri = alias.record_uri("runtime-artifacts", "alias")
    key = uri.partition("runtime-artifacts/")[2]

    def keep(*arns):
        s3.put_object(Bucket="runtime-artifacts", Key=key, Body=record_of(*arns))
        return uri

    yield keep
    s3.delete_object(Bucket="runtime-artifacts", Key=key)


def superseded(bedrock, s3, ssm, record):
    return removal.remove_superseded(
        bedrock,
        s3,
        ssm,
        record=record,
        alias_parameter="alias",
        previous_parameter="alias/previous",
    )


def test_what_was_live_before_the_last_live_one_is_removed_after_a_promotion(
    s3, ssm, live, keep_record
):
    live(on_demand("d"))
    bedrock = Bedrock("abcd", ["e"])
    record = keep_record(on_demand("a"), provisioned("e"), on_demand("c"), on_demand("d"))
    assert superseded(bedrock, s3, ssm, record) == [on_demand("a"), provisioned("e")]
    # `b` was never live: it belongs to a run that is under way.
    assert set(bedrock.deployments) == {"b", "c", "d"}
    assert alias.value_of(ssm, "alias/previous") == on_demand("c")


def test_what_the_alias_still_names_stays(s3, ssm, live, keep_record):
    live(on_demand("a"))
    bedrock = Bedrock("abc")
    record = keep_record(on_demand("a"), on_demand("b"), on_demand("c"))
    assert superseded(bedrock, s3, ssm, record) == []
    assert set(bedrock.deployments) == {"a", "b", "c"}


def test_after_the_first_promotion_nothing_is_superseded(s3, ssm, live, keep_record):
    live(on_demand("b"))
    assert superseded(Bedrock("ab"), s3, ssm, keep_record(on_demand("b"))) == []


class StepFunctions:
    """An execution that ends, or goes on again after some looks."""

    def __init__(self, *statuses, redrives=0, ago=0):
        self.statuses, self.redrives, self.ago = list(statuses), redrives, ago

    def describe_execution(self, *, executionArn):  # noqa: N803 - Step Functions' name
        assert executionArn == EXECUTION
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        stopped = datetime.now(UTC) - timedelta(seconds=self.ago)
        return {"status": status, "redriveCount": self.redrives, "stopDate": stopped}


@pytest.fixture
def began(s3):
    """Write the manifest of the run, with what it came to."""

    def write(**sections):
        document = manifest.Manifest(
            run=manifest.RunSection(
                id="run-9",
                execution_arn=EXECUTION,
                source="s3://data/incoming/a.csv",
                base_model="amazon.nova-micro-v1:0:128k",
                inference_model="amazon.nova-micro-v1:0",
                catalog_version="1",
                library_version="1",
                started="2026-11-23T00:00:00+00:00",
                embedded=False,
            ),
            **sections,
        )
        body = msgspec.json.encode(document)
        s3.put_object(Bucket="runtime-artifacts", Key="runs/run-9/manifest.json", Body=body)

    return write


CUSTOMIZED = manifest.CustomizationSection(
    job_name="j",
    job_arn="arn:job",
    model_arn="arn:model",
    customization_type="FINE_TUNING",
    hyperparameters={},
    started="2026-11-23T00:00:00+00:00",
    ended="2026-11-23T01:00:00+00:00",
    training_curve=[],
    validation_curve=[],
)
IMPORTED_MODEL = manifest.ImportSection(
    kind="s3",
    location="s3://trained/m/",
    architecture="LlamaForCausalLM",
    bytes=1,
    files=[],
    left_out=0,
    inspection="s3://runtime-artifacts/runs/run-9/import/findings.json",
)
PROMOTED = manifest.DecisionSection(
    promote=True, verdicts=[], min_improvement=0, decided="2026-11-23T00:00:00+00:00"
)


def clean_up(bedrock, s3, ssm, states, pauses=None, *, remaining=600_000, settings=None):
    clients = cleanup.Clients(bedrock=bedrock, s3=s3, ssm=ssm, stepfunctions=states)
    event = {
        "execution_arn": EXECUTION,
        "kind": "on-demand",
        "artifacts_bucket": "runtime-artifacts",
        "alias_parameter": "alias",
        **(settings or {}),
    }
    waited = [] if pauses is None else pauses
    return cleanup.clean_up(clients, event, remaining_ms=lambda: remaining, pause=waited.append)


def test_an_import_under_way_is_waited_for_because_nothing_can_stop_it():
    bedrock = Bedrock(imports=["a"])
    bedrock.imports["a"] = ["InProgress", "Failed"]
    with pytest.raises(DeploymentBusy):
        remove(bedrock, "a", IMPORTED)
    assert remove(bedrock, "a", IMPORTED) is None
    assert remove(bedrock, imported("gone"), IMPORTED) is None


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
def test_what_an_ended_run_deployed_is_removed_at_once(s3, ssm, began, status):
    began(customization=CUSTOMIZED)
    bedrock, pauses = Bedrock([NAME, "other"]), []
    assert clean_up(bedrock, s3, ssm, StepFunctions(status), pauses) == [on_demand(NAME)]
    assert set(bedrock.deployments) == {"other"}
    assert pauses == []


@pytest.mark.usefixtures("live")
def test_what_earlier_drives_left_is_removed_too(s3, ssm, began):
    began(customization=CUSTOMIZED)
    bedrock = Bedrock([NAME, f"{NAME}-2", f"{NAME}-3"])
    removed = clean_up(bedrock, s3, ssm, StepFunctions("FAILED", redrives=2))
    assert removed == [on_demand(NAME), on_demand(f"{NAME}-2")]


def test_what_went_live_stays(s3, ssm, began, live):
    live(on_demand(NAME))
    began(customization=CUSTOMIZED, decision=PROMOTED)
    bedrock = Bedrock([NAME])
    assert clean_up(bedrock, s3, ssm, StepFunctions("FAILED")) == []
    assert set(bedrock.deployments) == {NAME}


@pytest.mark.usefixtures("live")
def test_what_the_record_says_is_live_stays_though_the_alias_could_not_be_written(
    s3, ssm, began, keep_record
):
    keep_record(on_demand("old"), on_demand(NAME))
    began(customization=CUSTOMIZED, decision=PROMOTED)
    bedrock = Bedrock([NAME])
    assert clean_up(bedrock, s3, ssm, StepFunctions("FAILED")) == []
    assert set(bedrock.deployments) == {NAME}


@pytest.mark.usefixtures("live")
def test_a_run_that_was_redriven_meanwhile_keeps_what_it_has(s3, ssm, began):
    began(customization=CUSTOMIZED)
    bedrock = Bedrock([NAME])
    assert clean_up(bedrock, s3, ssm, StepFunctions("ABORTED", "RUNNING")) == []
    assert set(bedrock.deployments) == {NAME}


@pytest.mark.usefixtures("live")
def test_a_promotion_that_outlives_its_execution_is_waited_for(s3, ssm, began):
    began(customization=CUSTOMIZED, decision=PROMOTED)
    pauses = []
    states = StepFunctions("ABORTED", ago=30)
    assert clean_up(Bedrock([NAME]), s3, ssm, states, pauses) == [on_demand(NAME)]
    assert pauses == [pytest.approx(120, abs=2)]


@pytest.mark.usefixtures("live")
def test_a_deployment_that_was_being_asked_for_is_looked_for_again(s3, ssm, began):
    began(customization=CUSTOMIZED)
    pauses = []
    assert clean_up(Bedrock(), s3, ssm, StepFunctions("ABORTED"), pauses) == []
    assert pauses == [10, 10, 10]
    assert clean_up(Bedrock(), s3, ssm, StepFunctions("FAILED")) == []


@pytest.mark.usefixtures("live")
def test_a_deployment_that_is_being_made_is_waited_for_as_long_as_there_is_time(s3, ssm, began):
    began(customization=CUSTOMIZED)
    bedrock, pauses = Bedrock([NAME]), []
    bedrock.deployments[NAME] = ["Creating", "Creating", "Active"]
    assert clean_up(bedrock, s3, ssm, StepFunctions("FAILED"), pauses) == [on_demand(NAME)]
    assert len(pauses) == 2
    bedrock = Bedrock([NAME])
    bedrock.deployments[NAME] = ["Creating"]
    with pytest.raises(DeploymentBusy):
        clean_up(bedrock, s3, ssm, StepFunctions("FAILED"), remaining=1000)


@pytest.mark.usefixtures("live")
def test_a_run_without_a_model_has_nothing_deployed(s3, ssm, began):
    began()
    assert clean_up(Bedrock([NAME]), s3, ssm, StepFunctions("ABORTED")) == []
    s3.delete_object(Bucket="runtime-artifacts", Key="runs/run-9/manifest.json")
    assert clean_up(Bedrock([NAME]), s3, ssm, StepFunctions("ABORTED")) == []


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("status", ["FAILED", "ABORTED"])
def test_an_import_that_ended_badly_leaves_neither_model_nor_copy(s3, ssm, began, status):
    began(model_import=IMPORTED_MODEL)
    copy = {"Bucket": "runtime-artifacts", "Key": "scratch/run-9/import/model/a.safetensors"}
    s3.create_multipart_upload(**copy)
    s3.put_object(**{**copy, "Key": "scratch/run-9/import/model/config.json"}, Body=b"{}")
    s3.put_object(**{**copy, "Key": "scratch/run-9/import/plan.json"}, Body=b"{}")
    settings = {"kind": IMPORTED.value, "staging_bucket": "runtime-artifacts"}
    bedrock = Bedrock(imports=[NAME, "other"])
    states = StepFunctions(status)
    assert clean_up(bedrock, s3, ssm, states, settings=settings) == [imported(NAME)]
    assert set(bedrock.imports) == {"other"}
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="runtime-artifacts")
    listed = s3.list_objects_v2(Bucket="runtime-artifacts", Prefix="scratch/")["Contents"]
    assert [one["Key"] for one in listed] == ["scratch/run-9/import/plan.json"]
