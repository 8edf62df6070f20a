"""What a run has cost so far, and what a template makes: figures from documents alone."""

import pytest

from bedrock_customization_local.cli.deployed.spending import spent
from bedrock_customization_local.cli.following.watching import Pauses
from bedrock_customization_local.cli.planning import summary
from bedrock_customization_runtime.manifest import (
    CostItem,
    DeploymentSection,
    EstimateSection,
    Manifest,
    RunSection,
)

RUN = RunSection(
    id="first",
    execution_arn="arn",
    source="s3://data/incoming/x",
    base_model="amazon.nova-micro-v1:0:128k",
    inference_model="amazon.nova-micro-v1:0",
    catalog_version="1",
    library_version="1",
    started="2026-11-24T00:00:00Z",
    embedded=True,
)


def item(name, usd):
    return CostItem(name=name, quantity=1, unit="tokens", price_usd=usd, usd=usd)


def manifest(*items, **sections):
    known = sum(one.usd or 0 for one in items)
    estimate = EstimateSection(tokens=1, epochs=1, items=[*items], usd=None, known_usd=known)
    return Manifest(run=RUN, estimate=estimate, **sections)


def test_before_an_estimate_nobody_knows_what_a_run_has_cost():
    assert spent(Manifest(run=RUN)) is None


def test_what_is_not_done_has_cost_nothing():
    items = item("training", 3.0), item("base model input", 1.0), item("model units", 50.0)
    assert spent(manifest(*items)).usd == 0
    assert spent(manifest(item("enrichment", 2.0), item("baseline input", 0.5), *items)).usd == 2.5


def test_throughput_counts_once_it_is_bought():
    deployment = DeploymentSection(arn="arn")
    cost = spent(manifest(item("model units", 50.0), deployment=deployment))
    assert cost.words == "about $50.00"


def test_an_unknown_price_is_said_to_be_missing():
    cost = spent(manifest(item("baseline input", 0.5), item("baseline output", None)))
    assert (cost.usd, cost.is_complete, cost.words) == (0.5, False, "about $0.50 and more")


def test_pauses_grow_while_nothing_happens_and_end_growing():
    pauses = Pauses(shortest=1, longest=3)
    assert [pauses.after(something_new=False) for _ in range(4)] == [1.5, 2.25, 3, 3]
    assert pauses.after(something_new=True) == 1


def resource(type, **properties):
    return {"Type": type, "Properties": properties}


@pytest.mark.parametrize(
    ("resources", "usd"),
    [
        ([resource("AWS::SQS::Queue")], 0),
        ([resource("AWS::KMS::Key"), resource("AWS::KMS::Key")], 2),
        ([resource("AWS::CloudWatch::Dashboard"), resource("AWS::CloudWatch::Alarm")], 3.1),
        ([resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Gateway")], 0),
        (
            [resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Interface", SubnetIds=["a", "b"])],
            14.4,
        ),
    ],
)
def test_what_bills_while_nothing_runs(resources, usd):
    template = {"Resources": {f"R{number}": one for number, one in enumerate(resources)}}
    assert summary.summarize("S", template).idle_usd_per_month == pytest.approx(usd)


def test_roles_are_told_by_who_assumes_them_and_what_they_may_do_everywhere():
    policy = {
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn"},
            {"Effect": "Deny", "Action": "kms:*", "Resource": "*"},
        ]
    }
    everywhere = {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
    trust = {"Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}}]}
    template = {
        "Resources": {
            "Role": resource(
                "AWS::IAM::Role",
                AssumeRolePolicyDocument=trust,
                Policies=[{"PolicyDocument": policy}],
            ),
            "More": resource(
                "AWS::IAM::Policy", Roles=[{"Ref": "Role"}], PolicyDocument=everywhere
            ),
        }
    }
    [role] = summary.summarize("S", template).roles
    assert (role.assumed_by, role.actions) == (["lambda.amazonaws.com"], 2)
    assert role.everywhere == ["s3:GetObject"]


def test_metadata_are_no_change():
    before = {
        "Resources": {"Q": {**resource("AWS::SQS::Queue"), "Metadata": {"aws:cdk:path": "a"}}}
    }
    after = {"Resources": {"Q": resource("AWS::SQS::Queue"), "M": resource("AWS::CDK::Metadata")}}
    assert summary.differences(before, after) == []
    kept = {"Resources": {"Q": {**resource("AWS::SQS::Queue"), "DeletionPolicy": "Retain"}}}
    [change] = summary.differences(before, kept)
    assert (change.change, change.properties) == ("change", ["DeletionPolicy"])
