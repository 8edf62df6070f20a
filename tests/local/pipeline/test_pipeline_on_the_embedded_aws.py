"""Whole runs of the synthesized state machine with the real handlers."""

import csv
import io
import json
import time

import pytest

from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_local.cloud.iam import Authorizer
from bedrock_customization_runtime.names import job_of

pytestmark = pytest.mark.slow


@pytest.fixture
def bedrock(fair):
    """The embedded Bedrock, without faults before and after."""
    fair.cloud.bedrock.faults.clear()
    yield fair.cloud.bedrock
    fair.cloud.bedrock.faults.clear()


@pytest.fixture
def unpaid(fair):
    """Check that a test made no job."""
    jobs = fair.cloud.client("bedrock").list_model_customization_jobs
    before = jobs()["modelCustomizationJobSummaries"]
    bill = fair.cloud.bedrock.meter.lines()
    yield
    assert jobs()["modelCustomizationJobSummaries"] == before
    assert [line.resource for line in fair.cloud.bedrock.meter.lines()] == [
        line.resource for line in bill
    ]


@pytest.fixture(scope="session")
def few(make_questions):
    """As little data as a run takes, for what has nothing to do with how good a model is."""
    return make_questions(2, 24)


BASE = "amazon.nova-micro-v1:0"


@pytest.fixture(scope="module")
def billed_run(deployed, questions, charges, backwards):
    """The manifest of a run whose candidate is better, and what the run was charged."""
    fair, bedrock = deployed["Fair"], deployed["Fair"].cloud.bedrock
    # A base model that says something, but never the right thing: untaught, it would say noise.
    rows = list(csv.DictReader(io.StringIO(questions)))
    bedrock.teach(BASE, [(row["text"], backwards(row["category"])) for row in rows])
    before = charges(bedrock.meter)
    execution = fair.run("promoted", questions)
    bedrock.teach(BASE, [])
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return fair.manifest("promoted"), charges(bedrock.meter) - before


@pytest.fixture(scope="module")
def promoted(billed_run):
    """The manifest of a run whose candidate is better."""
    return billed_run[0]


def test_a_better_model_is_promoted_and_answers_behind_the_alias(fair, promoted):
    assert promoted.status == "promoted"
    assert promoted.evaluation.metrics[0].interval[0] > 0
    assert fair.alias() == promoted.deployment.arn
    answer = fair.cloud.client("bedrock-runtime").converse(
        modelId=fair.alias(),
        system=[{"text": "Answer with the intent."}],
        messages=[{"role": "user", "content": [{"text": "How do I activate my card?"}]}],
    )
    assert answer["output"]["message"]["content"][0]["text"]


def test_the_estimate_is_within_a_tenth_of_what_is_charged(fair, billed_run, compare_with_bill):
    found, charged = billed_run
    job, candidate = found.customization.job_arn, found.deployment.arn
    compare_with_bill(
        found.estimate,
        charged,
        {
            "training": (job, Unit.TRAINING_TOKENS),
            "base model input": (BASE, Unit.INPUT_TOKENS),
            "base model output": (BASE, Unit.OUTPUT_TOKENS),
            "few-shot model input": (BASE, Unit.INPUT_TOKENS),
            "few-shot model output": (BASE, Unit.OUTPUT_TOKENS),
            "candidate model input": (candidate, Unit.INPUT_TOKENS),
            "candidate model output": (candidate, Unit.OUTPUT_TOKENS),
        },
    )
    (stored,) = [
        line
        for line in fair.cloud.bedrock.meter.running()
        if line.resource == found.customization.model_arn
    ]
    assert found.estimate.monthly[0].usd == pytest.approx(stored.usd / stored.quantity)


def test_a_run_says_what_account_and_region_were_checked_for(promoted):
    assert [(check.name, check.passed) for check in promoted.preflight] == [
        ("service role", True),
        ("custom models", True),
    ]
    assert "of 100 (by Service Quotas)" in promoted.preflight[1].detail


@pytest.mark.usefixtures("promoted")
def test_the_report_of_a_run_is_a_page(fair):
    page = fair.s3.get_object(Bucket=fair.outputs["Artifacts"], Key="runs/promoted/report.html")
    assert page["ContentType"].startswith("text/html")
    assert b"Promoted" in page["Body"].read()


def test_the_model_of_a_run_has_a_card(fair, promoted):
    def card(kind):
        key = f"runs/promoted/model-card.{kind}"
        return fair.s3.get_object(Bucket=fair.outputs["Artifacts"], Key=key)["Body"].read()

    found = json.loads(card("json"))
    assert found["model_details"]["arn"] == promoted.customization.model_arn
    assert found["embedded"]
    assert b"Not a model of Bedrock" in card("md")


def test_the_customization_role_cannot_read_the_blind_set(fair, promoted):
    authorizer = Authorizer(region=fair.cloud.region, account_id=fair.cloud.account_id)
    role = fair.outputs["ServiceRole"]

    def may(action, resource):
        return authorizer.check(role, action, resource)

    blind = may("s3:GetObject", promoted.preparation.test.uri.replace("s3://", "arn:aws:s3:::"))
    assert not blind.allowed
    assert "explicit deny" in blind.reason
    assert not may("s3:ListBucket", f"arn:aws:s3:::{fair.outputs['Blind']}").allowed
    assert not may("kms:Decrypt", fair.outputs["BlindKey"]).allowed
    train = promoted.preparation.train.uri.replace("s3://", "arn:aws:s3:::")
    assert may("s3:GetObject", train).allowed


def test_a_job_that_is_pointed_at_the_blind_set_fails(fair, promoted):
    client = fair.cloud.client("bedrock")
    client.create_model_customization_job(
        jobName="thief",
        customModelName="thief",
        roleArn=fair.outputs["ServiceRole"],
        baseModelIdentifier="amazon.nova-micro-v1:0:128k",
        trainingDataConfig={"s3Uri": promoted.preparation.test.uri},
        outputDataConfig={"s3Uri": f"s3://{fair.outputs['Artifacts']}/runs/thief/customization/"},
    )
    job = {"status": "InProgress"}
    while job["status"] == "InProgress":
        time.sleep(0.05)
        job = client.get_model_customization_job(jobIdentifier="thief")
    assert job["status"] == "Failed"
    assert fair.outputs["Blind"] in job["failureMessage"]


@pytest.fixture(scope="module")
def rejected(deployed, few):
    """The manifest of a run whose candidate is not good enough."""
    execution = deployed["Strict"].run("rejected", few)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return deployed["Strict"].manifest("rejected")


def test_a_candidate_that_does_not_pass_is_taken_away_again(strict, rejected):
    assert rejected.status == "rejected"
    assert rejected.deployment.removed
    assert rejected.deployment.arn not in strict.deployments()
    assert strict.alias() is None


def test_a_job_runs_in_the_vpc_and_its_model_has_the_key(strict, rejected):
    job = strict.cloud.client("bedrock").get_model_customization_job(
        jobIdentifier=rejected.customization.job_arn
    )
    assert len(job["vpcConfig"]["subnetIds"]) == 2
    assert job["outputModelKmsKeyArn"].startswith("arn:aws:kms:")


def test_a_base_model_below_the_target_is_tuned(rejected):
    baseline = rejected.baseline
    assert (baseline.target, baseline.min_improvement) == (0.5, 0.999)
    assert baseline.zero_shot.interval[0] < 0.5
    assert baseline.few_shot is not None
    assert baseline.records == rejected.preparation.validation.records
    assert rejected.use_case.owner == "Card team"
    items = {item.name: item for item in rejected.estimate.items}
    assert items["baseline input"].quantity == (
        baseline.zero_shot.input_tokens + baseline.few_shot.input_tokens
    )


def test_who_measures_the_baseline_has_no_right_on_the_blind_set(strict, rejected):
    authorizer = Authorizer(region=strict.cloud.region, account_id=strict.cloud.account_id)
    (role,) = {
        one.role_arn for one in authorizer.allowances() if "BaselineMeasurement" in one.role_arn
    }
    blind = rejected.preparation.test.uri.replace("s3://", "arn:aws:s3:::")
    assert not authorizer.check(role, "s3:GetObject", blind).allowed
    assert not authorizer.check(role, "kms:Decrypt", strict.outputs["BlindKey"]).allowed


@pytest.fixture(scope="module")
def needless(deployed, questions, charges):
    """A run whose base model knows every answer: how it ended, and what it was charged."""
    strict, bedrock = deployed["Strict"], deployed["Strict"].cloud.bedrock
    rows = csv.DictReader(io.StringIO(questions))
    bedrock.teach(BASE, [(row["text"], row["category"]) for row in rows])
    before = charges(bedrock.meter)
    execution = strict.run("needless", questions)
    bedrock.teach(BASE, [])
    return execution, charges(bedrock.meter) - before


def test_a_base_model_that_meets_the_target_is_not_tuned(strict, needless):
    execution, _ = needless
    found = strict.manifest("needless")
    assert (execution["status"], execution["error"]) == ("FAILED", "TuningNotNeeded")
    assert found.baseline.zero_shot.interval[0] >= 0.5
    assert found.baseline.advice.verdict == "do not tune"
    reason = found.baseline.advice.reasons[0]
    assert reason.rule == "target-met"
    assert json.loads(execution["cause"])["errorMessage"] == found.failure.cause == reason.message
    assert (found.estimate, found.customization, found.deployment) == (None, None, None)


def test_a_run_without_tuning_pays_for_its_questions_alone(strict, needless):
    _, charged = needless
    found = strict.manifest("needless").baseline
    # The models of other runs go on being stored meanwhile.
    of_run = {key for key in charged if key[1] != Unit.MODEL_MONTHS}
    assert of_run == {(BASE, Unit.INPUT_TOKENS), (BASE, Unit.OUTPUT_TOKENS)}
    assert charged[BASE, Unit.INPUT_TOKENS][0] == (
        found.zero_shot.input_tokens + found.few_shot.input_tokens
    )
    assert jobs_of(strict, "needless-") == []


@pytest.mark.usefixtures("needless")
def test_the_report_of_a_run_without_tuning_says_why_and_what_for(strict):
    where = {"Bucket": strict.outputs["Artifacts"], "Key": "runs/needless/report.html"}
    page = strict.s3.get_object(**where)["Body"].read()
    assert b"Tuning is not needed" in page
    assert b"Card team" in page
    assert b"Why it failed" not in page


def broken(questions):
    header, *lines = questions.splitlines()
    return "\n".join([header, *(line if i % 10 > 2 else "x" for i, line in enumerate(lines))])


@pytest.mark.parametrize(
    ("name", "data", "error", "message"),
    [
        ("empty", lambda _: "", "DatasetRejected", "empty"),
        ("three", lambda q: "\n".join(q.splitlines()[:4]), "DatasetRejected", "3"),
        ("broken", broken, "DatasetRejected", "max_rejected|of the records|rejected"),
        ("column", lambda q: q.replace("category", "label", 1), "DatasetRejected", "category"),
    ],
)
@pytest.mark.usefixtures("unpaid")
def test_data_that_cannot_be_used_end_the_run_before_anything_is_paid(
    fair, questions, name, data, error, message
):
    execution = fair.run(f"bad-{name}", data(questions))
    assert execution["status"] == "FAILED"
    assert execution["error"] == error
    assert any(word in execution["cause"] for word in message.split("|")), execution["cause"]
    assert "\n" not in execution["cause"].strip()
    assert fair.manifest(f"bad-{name}").status == "failed"


def test_an_input_that_makes_no_sense_ends_the_run_with_an_example(fair):
    arn = fair.states.start_execution(
        stateMachineArn=fair.outputs["StateMachine"], name="nonsense", input=json.dumps({"src": 1})
    )["executionArn"]
    execution = fair.wait(arn)
    assert (execution["status"], execution["error"]) == ("FAILED", "InvalidInput")
    assert '{"source": "s3://' in json.loads(execution["cause"])["errorMessage"]


def test_a_create_that_is_throttled_twice_and_finds_the_quota_full_twice_makes_one_job(
    fair, bedrock, few
):
    create = "CreateModelCustomizationJob"
    bedrock.faults.inject(
        Fault(name="throttled", kind=FaultKind.THROTTLE, operation=create, times=2),
        Fault(name="full", kind=FaultKind.QUOTA, operation=create, times=2),
    )
    execution = fair.run("refused", few)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert bedrock.faults.injected[-4:] == ("throttled", "throttled", "full", "full")
    assert len(jobs_of(fair, "refused-")) == 1


def test_a_lost_reply_makes_one_job(fair, bedrock, few):
    bedrock.faults.inject(
        Fault(name="lost", kind=FaultKind.LOST_REPLY, operation="CreateModelCustomizationJob"),
        Fault(name="lost", kind=FaultKind.LOST_REPLY, operation="CreateCustomModelDeployment"),
    )
    execution = fair.run("lost", few)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    jobs = fair.cloud.client("bedrock").list_model_customization_jobs(nameContains="lost-")
    assert len(jobs["modelCustomizationJobSummaries"]) == 1


def test_a_failed_job_fails_the_run_and_leaves_nothing_deployed(fair, bedrock, few):
    before = fair.deployments()
    bedrock.faults.inject(
        Fault(name="broke", kind=FaultKind.FAIL_JOB, message="The capacity is gone.")
    )
    execution = fair.run("job-failed", few)
    assert execution["status"] == "FAILED"
    assert execution["error"] == "CustomizationFailed"
    cause = fair.manifest("job-failed").failure.cause
    assert cause.endswith(" ended as Failed: The capacity is gone.")
    assert json.loads(execution["cause"])["errorMessage"] == cause
    assert fair.deployments() == before


def test_a_job_that_somebody_stops_ends_the_run_as_stopped(fair, bedrock, few):
    before = fair.deployments()
    bedrock.faults.inject(Fault(name="console", kind=FaultKind.STOP_JOB))
    execution = fair.run("from-outside", few)
    assert (execution["status"], execution["error"]) == ("FAILED", "CustomizationStopped")
    (job,) = jobs_of(fair, "from-outside-")
    assert job["status"] == "Stopped"
    cause = fair.manifest("from-outside").failure.cause
    assert cause == f"job {job['jobName']} ended as Stopped: no reason given"
    assert fair.deployments() == before


def create_job(pipeline, promoted, *, name, model, run):
    """Create a job with the records of another run, and with no token."""
    pipeline.cloud.client("bedrock").create_model_customization_job(
        jobName=name,
        customModelName=model,
        roleArn=pipeline.outputs["ServiceRole"],
        baseModelIdentifier="amazon.nova-micro-v1:0:128k",
        hyperParameters={"epochCount": "1"},
        trainingDataConfig={"s3Uri": promoted.preparation.train.uri},
        outputDataConfig={
            "s3Uri": f"s3://{pipeline.outputs['Artifacts']}/runs/{run}/customization/"
        },
    )


def test_a_job_that_exists_though_its_token_is_forgotten_is_adopted(fair, promoted, few):
    name, model, _ = job_of(execution_arn_of(fair, "forgotten"), 0)
    create_job(fair, promoted, name=name, model=model, run="forgotten")
    execution = fair.run("forgotten", few)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert [job["jobName"] for job in jobs_of(fair, "forgotten-")] == [name]


def test_a_name_that_another_job_has_taken_ends_the_run_without_a_job(fair, bedrock, promoted, few):
    bedrock.faults.inject(Fault(name="stalls", kind=FaultKind.STALL_JOB))
    _, model, _ = job_of(execution_arn_of(fair, "taken"), 0)
    create_job(fair, promoted, name="of-another-team", model=model, run="another")
    execution = fair.run("taken", few)
    assert (execution["status"], execution["error"]) == ("FAILED", "Bedrock.ConflictException")
    assert model in execution["cause"]
    assert jobs_of(fair, "taken-") == []


def test_stopping_the_execution_stops_the_job(fair, bedrock, few):
    bedrock.faults.inject(Fault(name="stalls", kind=FaultKind.STALL_JOB))
    arn = fair.start("aborted", few)
    client = fair.cloud.client("bedrock")

    def jobs():
        return client.list_model_customization_jobs(nameContains="aborted-")[
            "modelCustomizationJobSummaries"
        ]

    while not jobs():
        assert fair.states.describe_execution(executionArn=arn)["status"] == "RUNNING"
        time.sleep(0.05)
    fair.states.stop_execution(executionArn=arn, error="Changed", cause="my mind")
    assert fair.wait(arn)["status"] == "ABORTED"
    while (status := jobs()[0]["status"]) in {"InProgress", "Stopping"}:
        time.sleep(0.05)
    assert status == "Stopped"


def test_a_job_that_stalls_is_stopped_and_says_so(fair, bedrock, few):
    bedrock.faults.inject(Fault(name="stalls", kind=FaultKind.STALL_JOB))
    execution = fair.run("stalled", few)
    assert (execution["status"], execution["error"]) == ("FAILED", "CustomizationStalled")
    assert "training NotStarted" in execution["cause"]
    (job,) = jobs_of(fair, "stalled-")
    assert job["status"] in {"Stopping", "Stopped"}
    assert fair.manifest("stalled").failure.error == "CustomizationStalled"


def jobs_of(pipeline, prefix):
    client = pipeline.cloud.client("bedrock")
    found = client.list_model_customization_jobs(nameContains=prefix)
    return found["modelCustomizationJobSummaries"]


def test_hyperparameters_of_the_execution_reach_the_job(fair, few):
    execution = fair.run("two-epochs", few, hyperparameters={"epochCount": 2})
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    found = fair.manifest("two-epochs")
    assert found.customization.hyperparameters["epochCount"] == "2"
    assert found.estimate.epochs == 2


@pytest.mark.usefixtures("unpaid")
def test_a_hyperparameter_out_of_range_ends_the_run_before_anything_is_paid(fair, few):
    execution = fair.run("thousand", few, hyperparameters={"epochCount": 1000})
    assert (execution["status"], execution["error"]) == ("FAILED", "InvalidInput")
    assert "an integer from 1 to 5" in execution["cause"]


@pytest.mark.usefixtures("unpaid")
def test_a_job_above_the_limit_is_never_paid(deployed, few):
    execution = deployed["Poor"].run("poor", few)
    assert (execution["status"], execution["error"]) == ("FAILED", "BudgetExceeded")
    assert "max_cost_usd is 1e-06" in execution["cause"]
    assert deployed["Poor"].manifest("poor").estimate.usd > 1e-6


def execution_arn_of(pipeline, name):
    machine = pipeline.outputs["StateMachine"].replace(":stateMachine:", ":execution:")
    return f"{machine}:{name}"


def redrive(pipeline, name):
    """Redrive a failed run and return how it ended then."""
    arn = execution_arn_of(pipeline, name)
    pipeline.states.redrive_execution(executionArn=arn)
    return pipeline.wait(arn)


def test_a_run_whose_job_failed_goes_on_with_another_job_after_a_redrive(fair, bedrock, questions):
    bedrock.faults.inject(Fault(name="broke", kind=FaultKind.FAIL_JOB, message="No capacity."))
    assert fair.run("failed-once", questions)["status"] == "FAILED"
    execution = redrive(fair, "failed-once")
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    jobs = jobs_of(fair, "failed-once-")
    assert sorted(job["status"] for job in jobs) == ["Completed", "Failed"]
    found = fair.manifest("failed-once")
    assert (found.status, found.failure) == ("promoted", None)


def test_a_run_that_failed_after_its_job_pays_no_second_one_after_a_redrive(
    fair, bedrock, questions
):
    bedrock.faults.inject(
        Fault(
            name="no deployment",
            kind=FaultKind.QUOTA,
            operation="CreateCustomModelDeployment",
            times=1,
        )
    )
    assert fair.run("late", questions)["status"] == "FAILED"
    paid = [line.resource for line in bedrock.meter.lines()]
    execution = redrive(fair, "late")
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert len(jobs_of(fair, "late-")) == 1
    assert fair.alias() == fair.manifest("late").deployment.arn
    trained = [line for line in bedrock.meter.lines() if "model-customization-job" in line.resource]
    assert [line.resource for line in trained if line.resource not in paid] == []


def test_a_run_that_fails_again_after_a_redrive_ends_with_the_new_error(fair, bedrock, few):
    bedrock.faults.inject(
        Fault(name="broke", kind=FaultKind.FAIL_JOB, message="First.", times=1),
    )
    assert "First." in fair.run("failed-twice", few)["cause"]
    bedrock.faults.inject(Fault(name="again", kind=FaultKind.FAIL_JOB, message="Second.", times=1))
    execution = redrive(fair, "failed-twice")
    assert execution["status"] == "FAILED"
    assert "Second." in execution["cause"]
    assert "Second." in fair.manifest("failed-twice").failure.cause


def test_the_roles_have_the_rights_that_the_runs_needed_and_no_more(fair, closure_of, given):
    """The last test of the module, for it looks back at all runs."""
    elsewhere = [
        # The tests of the preparation cut sources into shards.
        given("DataPreparationPrepareRole", "s3:*Object", "StorageData/scratch/*"),
        given("StateMachineRole", "states:RedriveExecution", "*"),
        # The tests that fail every state leave something to be cleaned up.
        given("RunCleanupCleanUpRole", "bedrock:*CustomModelDeployment", "*"),
    ]
    either_way = [
        # Or Step Functions, giving up the branch of a job that stalls, was faster.
        given(
            "ModelCustomizationCustomizeRole",
            "bedrock:StopModelCustomizationJob",
            "model-customization-job/*",
        ),
        # Or the clean-up of a failed run comes after the last test.
        given("RunCleanupCleanUpRole", "ssm:GetParameter", "*"),
        given("RunCleanupCleanUpRole", "s3:GetObject", "StorageArtifacts/promotions/*"),
        # Nor is any cut off here, which would be told of and recorded by it.
        given("RunCleanupCleanUpRole", "sns:Publish", "*"),
        given("RunCleanupCleanUpRole", "s3:PutObject", "*"),
        given("RunCleanupCleanUpRole", "s3:AbortMultipartUpload", "*"),
        given("RunCleanupCleanUpRole", "kms:*", "*"),
        given("RunCleanupCleanUpRole", "states:GetExecutionHistory", "*"),
    ]
    closure = closure_of(fair.cloud, alike=["Fair", "Strict", "Poor"])
    thief = given("ModelCustomizationServiceRole", "s3:ListBucket", "StorageBlind")
    assert closure.denied() == {thief}
    assert closure.surplus([*elsewhere, *either_way]) == set()
    assert closure.stale(elsewhere) == []
