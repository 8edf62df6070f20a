"""What account and Region must have before a job is paid. The services are a few lines here."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.customization import preflight, role_trust
from bedrock_customization_runtime.errors import (
    BaseModelUnavailable,
    JudgeUnavailable,
    QuotaExhausted,
    RoleNotAssumable,
)

ACCOUNT, NOVA = "123456789012", "amazon.nova-micro-v1:0:128k"
EXECUTION = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:Machine:run"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/path/Customization"
JOBS = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:model-customization-job"
JOB = f"{JOBS}/{NOVA}/abcdefghijkl"
PREMIER = "us.amazon.nova-premier-v1:0"


class RefusedError(ClientError):
    def __init__(self, code="ResourceNotFoundException"):
        super().__init__({"Error": {"Code": code, "Message": "no"}}, "Get")


class Bedrock:
    class exceptions:
        ResourceNotFoundException = RefusedError
        ValidationException = RefusedError

    class meta:
        region_name = "us-east-1"

    def __init__(
        self, *, models=0, running=0, lifecycle="ACTIVE", profiles=(PREMIER,), inference=()
    ):
        self.pages = {
            "list_custom_models": [
                {"modelSummaries": [{}] * (models // 2)},
                {"modelSummaries": [{}] * (models - models // 2)},
            ],
            "list_model_customization_jobs": [{"modelCustomizationJobSummaries": [{}] * running}],
        }
        self.asked = []
        self.lifecycle, self.profiles, self.inference = lifecycle, profiles, list(inference)

    def get_paginator(self, operation):
        bedrock = self

        class Paginator:
            def paginate(self, **parameters):
                bedrock.asked.append((operation, parameters))
                return bedrock.pages[operation]

        return Paginator()

    def get_foundation_model(self, *, modelIdentifier):
        self.asked.append(modelIdentifier)
        if self.lifecycle is None:
            raise RefusedError
        return {
            "modelDetails": {
                "modelLifecycle": {"status": self.lifecycle},
                "inferenceTypesSupported": self.inference,
            }
        }

    def get_inference_profile(self, *, inferenceProfileIdentifier):
        if inferenceProfileIdentifier not in self.profiles:
            raise RefusedError


class Quotas:
    def __init__(self, answer):
        self.answer = answer

    def get_service_quota(self, *, ServiceCode, QuotaCode):
        assert ServiceCode == "bedrock"
        assert QuotaCode in {"L-CB5B847D", "L-BE77399C"}
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Quota": {"Value": float(self.answer)}}


class Iam:
    def __init__(self, answer):
        self.answer = answer

    def get_role(self, *, RoleName):
        assert RoleName == "Customization"
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Role": {"AssumeRolePolicyDocument": {"Statement": self.answer}}}


def trust(**changes):
    return {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"{JOBS}/*"},
        },
        **changes,
    }


@pytest.mark.parametrize("teacher", ["amazon.nova-pro-v1:0", PREMIER])
def test_an_active_teacher_passes_by_its_foundation_model(teacher):
    bedrock = Bedrock()
    assert preflight.check_teacher(bedrock, teacher).passed
    assert bedrock.asked == [teacher.removeprefix("us.")]


@pytest.mark.parametrize(
    ("bedrock", "message"),
    [
        (Bedrock(lifecycle="LEGACY"), "teacher: Bedrock calls us.amazon.nova-premier.* LEGACY"),
        (Bedrock(lifecycle=None), "teacher: Bedrock does not offer us.amazon.* in us-east-1"),
        (Bedrock(profiles=()), "teacher: Bedrock does not offer us.amazon.* in us-east-1"),
    ],
)
def test_a_teacher_that_bedrock_does_not_offer_is_refused(bedrock, message):
    with pytest.raises(BaseModelUnavailable, match=message):
        preflight.check_teacher(bedrock, PREMIER)


def test_models_and_running_jobs_count_against_the_accounts_own_quota():
    bedrock = Bedrock(models=118, running=1)
    check = preflight.check_model_quota(bedrock, Quotas(120), more=1)
    assert check.detail == "118 models and 1 running jobs of 120 (by Service Quotas)"
    assert ("list_model_customization_jobs", {"statusEquals": "InProgress"}) in bedrock.asked
    assert ("list_custom_models", {"isOwned": True}) in bedrock.asked


def test_a_full_quota_is_an_error_with_its_name_its_value_and_what_to_do():
    with pytest.raises(QuotaExhausted) as refusal:
        preflight.check_model_quota(Bedrock(models=119, running=1), Quotas(120), more=1)
    message = str(refusal.value)
    assert message.startswith("custom models per account (quota L-CB5B847D): 119 models and 1")
    assert "of 120" in message
    assert "delete models that nobody uses, or ask Service Quotas for more" in message


@pytest.mark.parametrize(
    "silence",
    [RefusedError("AccessDeniedException"), EndpointConnectionError(endpoint_url="https://q")],
)
def test_where_service_quotas_does_not_answer_the_shipped_figure_counts_with_its_day(silence):
    check = preflight.check_model_quota(Bedrock(models=99), Quotas(silence), more=1)
    assert f"of 100 (a new account's quota of {catalog.service().as_of})" in check.detail
    with pytest.raises(QuotaExhausted):
        preflight.check_model_quota(Bedrock(models=100), Quotas(silence), more=1)


def check_role(answer, role=ROLE):
    return preflight.check_role(Iam(answer), role, execution_arn=EXECUTION, base_model=NOVA)


def test_a_role_that_trusts_bedrock_for_jobs_of_this_account_passes():
    assert check_role([trust()]).passed


def test_a_role_that_may_not_be_read_is_passed_over_and_that_is_said():
    check = check_role(RefusedError("AccessDenied"))
    assert not check.passed
    assert "may not be read (AccessDenied), so nobody checked it" in check.detail


@pytest.mark.parametrize(
    ("answer", "role", "message"),
    [
        ([], ROLE, "it does not allow bedrock.amazonaws.com sts:AssumeRole; docs/security.md"),
        (RefusedError("NoSuchEntity"), ROLE, "does not exist"),
        ([trust()], ROLE.replace(ACCOUNT, "210987654321"), "is of another account than"),
    ],
)
def test_a_role_that_bedrock_cannot_assume_is_an_error_before_the_job(answer, role, message):
    with pytest.raises(RoleNotAssumable, match=message):
        check_role(answer, role)


def test_where_iam_is_not_reached_a_run_goes_on_and_that_is_said():
    check = check_role(EndpointConnectionError(endpoint_url="https://iam"))
    assert not check.passed
    assert "IAM was not reached" in check.detail


def test_other_faults_of_iam_are_told_as_they_are():
    with pytest.raises(ClientError, match="Throttling"):
        check_role(RefusedError("Throttling"))


def refusal_of(*statements):
    return role_trust.refusal_of({"Statement": list(statements)}, account=ACCOUNT, source_arn=JOB)


@pytest.mark.parametrize(
    "statement",
    [
        trust(),
        trust(Condition={}),
        trust(Principal="*"),
        trust(Principal={"Service": ["lambda.amazonaws.com", "bedrock.amazonaws.com"]}),
        trust(Action=["sts:TagSession", "sts:Assume*"]),
        trust(Condition={"StringLike": {"AWS:SourceArn": f"{JOBS}/*"}}),
        trust(Condition={"ArnEqualsIfExists": {"aws:SourceArn": [f"{JOBS}/none", f"{JOBS}/*"]}}),
        # What is not known here is left to IAM.
        trust(Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}}),
        trust(Condition={"StringNotEquals": {"aws:SourceAccount": "1"}}),
        trust(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:bedrock:*:${aws:x}:*"}}),
    ],
)
def test_a_trust_policy_that_may_hold_is_not_refused(statement):
    assert refusal_of(statement) is None
    assert role_trust.refusal_of({"Statement": statement}, account=ACCOUNT, source_arn=JOB) is None


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (trust(Principal={"Service": "sagemaker.amazonaws.com"}), "it does not allow"),
        (trust(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "it does not allow"),
        (trust(Action="sts:TagSession"), "it does not allow"),
        (
            trust(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}),
            "StringEquals on aws:SourceAccount wants 999999999999, and a job has 123456789012",
        ),
        # Of imported models, of evaluations, of one job.
        (trust(Condition={"ArnLike": {"aws:SourceArn": "arn:*:model-import-job/*"}}), "ArnLike"),
        (trust(Condition={"ArnEquals": {"aws:SourceArn": f"{JOBS}/x/y"}}), "ArnEquals"),
        (trust(Condition={"StringEquals": {"aws:SourceArn": f"{JOBS}/*"}}), "StringEquals"),
    ],
)
def test_a_trust_policy_that_surely_fails_is_refused_with_the_reason(statement, why):
    assert why in refusal_of(statement)


def test_one_statement_that_lets_bedrock_is_enough_unless_another_denies_it():
    other = trust(Condition={"StringEquals": {"aws:SourceAccount": "1"}})
    assert refusal_of(other, trust()) is None
    denial = trust(Effect="Deny", Condition={})
    assert refusal_of(trust(), denial) == "it denies bedrock.amazonaws.com sts:AssumeRole"
    assert refusal_of(trust(), trust(Effect="Deny")) is None


def test_nothing_is_looked_at_once_the_job_exists():
    assert (
        preflight.check_account(
            None,
            None,
            None,
            base_model=NOVA,
            execution_arn=EXECUTION,
            teacher=PREMIER,
            role_arn=ROLE,
            new_jobs=0,
        )
        == []
    )


def units(*bought, answer):
    bedrock = Bedrock()
    bedrock.pages["list_provisioned_model_throughputs"] = [{"provisionedModelSummaries": bought}]
    return preflight.check_model_units(bedrock, Quotas(answer), more=2)


def test_model_units_that_the_quota_does_not_leave_are_refused_before_a_job_is_paid():
    committed = {"modelUnits": 9, "commitmentDuration": "OneMonth"}
    check = units({"modelUnits": 1}, committed, answer=3)
    assert check.passed
    assert check.detail == "1 model units without commitment of 3 (by Service Quotas)"
    with pytest.raises(QuotaExhausted, match=r"L-BE77399C.*leave no room for 2 more"):
        units({"modelUnits": 2}, committed, answer=3)


def test_a_quota_of_model_units_that_nobody_tells_refuses_nothing():
    check = units(answer=RefusedError("AccessDeniedException"))
    assert not check.passed
    assert "of 0 (a new account's quota of" in check.detail


PRO = "us.amazon.nova-pro-v1:0"


def judging(model=PRO, **more):
    return {"model": model, "metrics": ["Builtin.Correctness"], "criteria": [], **more}


def test_a_listed_judge_passes_and_one_that_is_not_listed_yet_is_noted():
    bedrock = Bedrock(profiles=(PRO, "us.amazon.nova-9-v1:0"))
    assert preflight.check_judge(bedrock, judging()).passed
    newer = preflight.check_judge(bedrock, judging("us.amazon.nova-9-v1:0"))
    assert not newer.passed
    assert "does not list it as a judge" in newer.detail


def test_a_judge_of_builtin_metrics_may_not_be_one_of_others():
    model = "meta.llama3-3-70b-instruct-v1:0"
    bedrock = Bedrock(inference=["ON_DEMAND"])
    assert not preflight.check_judge(bedrock, judging(model)).passed
    assert preflight.check_judge(bedrock, judging(model, metrics=[], pairwise="x")).passed


@pytest.mark.parametrize(
    ("bedrock", "model", "message"),
    [
        (Bedrock(lifecycle="LEGACY", profiles=(PRO,)), PRO, "Bedrock calls us.* LEGACY"),
        (Bedrock(lifecycle=None, profiles=(PRO,)), PRO, "does not offer us.* in us-east-1"),
        (Bedrock(profiles=()), PRO, "does not offer us.* in us-east-1"),
        (Bedrock(inference=[]), "amazon.nova-2-lite-v1:0", "profile alone, such as us.amazon.nova"),
    ],
)
def test_a_judge_that_cannot_be_asked_is_refused_before_anything_is_paid(bedrock, model, message):
    with pytest.raises(JudgeUnavailable, match=f"judge: .*{message}.*: choose another"):
        preflight.check_judge(bedrock, judging(model))
