"""What is kept of the decisions on roles' requests."""

import pytest

from bedrock_customization_local.cloud.iam import (
    AccessDenied,
    AccessRecord,
    Allowance,
    Authorizer,
    Permission,
)

DATA = "arn:aws:s3:::data"
STATEMENT = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": [f"{DATA}/in/*", f"{DATA}/out/*"],
}
THROUGH_S3 = {
    "Effect": "Allow",
    "Action": "kms:Decrypt",
    "Resource": "arn:aws:kms:us-east-1:123456789012:key/k",
    "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
}


@pytest.fixture
def recorded(aws):
    """A role, and an authorizer that keeps a record."""
    record = AccessRecord()
    authorizer = Authorizer(region="us-east-1", account_id="123456789012", record=record)
    return aws.role(STATEMENT, THROUGH_S3), authorizer, record


def test_a_request_uses_the_action_and_the_resource_that_allowed_it_and_no_other(recorded):
    role, authorizer, record = recorded
    authorizer.require(role, Permission("s3:GetObject", f"{DATA}/in/train.jsonl"))
    assert record.used == {Allowance(role, "s3:GetObject", f"{DATA}/in/*")}
    assert record.denied == set()
    unused = {one for one in authorizer.allowances() if one.role_arn == role} - record.used
    assert {(one.action, one.resource.rpartition(":")[2]) for one in unused} == {
        ("s3:GetObject", "data/out/*"),
        ("s3:PutObject", "data/in/*"),
        ("s3:PutObject", "data/out/*"),
        ("kms:Decrypt", "key/k"),
    }


def test_a_statement_whose_condition_does_not_hold_was_not_used(recorded):
    role, authorizer, record = recorded
    needed = Permission("kms:Decrypt", THROUGH_S3["Resource"], {"kms:ViaService": "other"})
    with pytest.raises(AccessDenied):
        authorizer.require(role, needed)
    assert record.used == set()
    (denial,) = record.denied
    assert (denial.role_arn, denial.action) == (role, "kms:Decrypt")
    assert "no " in denial.reason


def test_a_question_is_no_request(recorded):
    role, authorizer, record = recorded
    assert authorizer.check(role, "s3:GetObject", f"{DATA}/in/train.jsonl").allowed
    assert not authorizer.check(role, "s3:DeleteObject", f"{DATA}/in/train.jsonl").allowed
    assert (record.used, record.denied) == (set(), set())
