"""An embedded AWS for a module of tests; and least privilege, held against real runs.

Names are those of the template, without what makes them unlike from pipeline to pipeline, so that a
right which one of several alike pipelines used counts as used by all. Rights that no run can use
are listed in docs/security.md, which is read here.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

import pytest

from bedrock_customization_local.cloud.iam import AccessRecord, Authorizer
from bedrock_customization_local.cloud.server import LocalCloud

SECURITY = Path(__file__).parents[2] / "docs" / "security.md"
_HEADING = "## Rights that no test uses"
_CODE = re.compile(r"`([^`]+)`")
_ARN = re.compile(r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:\d*:(?P<name>.+)")
_DIGEST = re.compile(r"[0-9A-F]{8}$")
_NAMED = {
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::StepFunctions::StateMachine",
}
_UNIQUE_NAME = re.compile(r"[A-Z0-9]{8}-[0-9a-f]{12}")


@dataclass(frozen=True, order=True, slots=True)
class Given:
    """A right by readable names, such as `s3:GetObject` on `StorageData/incoming/*`."""

    role: str
    action: str
    resource: str

    def fits(self, pattern):
        """Tell whether another, with `*` in its parts, covers this one."""
        return all(
            fnmatchcase(mine, theirs)
            for mine, theirs in (
                (self.role, pattern.role),
                (self.action, pattern.action),
                (self.resource, pattern.resource),
            )
        )


def documented_exceptions():
    """Return what docs/security.md lists as granted without a use in tests."""
    _, _, section = SECURITY.read_text().partition(_HEADING)
    rows = [line.split("|")[1:4] for line in section.splitlines() if line.startswith("| `")]
    return [
        Given(*parts) for row in rows for parts in product(*(_CODE.findall(cell) for cell in row))
    ]


class AccessClosure:
    """What the roles of deployed stacks may do, and what they did.

    Args:
        cloud: Where the stacks are deployed.
        record: What its roles did.
        alike: Ids of constructs that are the same but for their limits.
    """

    def __init__(self, cloud, record, alike=()):
        self._record = record
        self._authorizer = Authorizer(region=cloud.region, account_id=cloud.account_id)
        self._names = _logical_names(cloud.client("cloudformation"))
        alike = sorted(alike, key=len, reverse=True)
        # Before a name, or in the middle of one that the stack begins.
        self._alike = re.compile(rf"(?:\b|(?<=Stack))(?:{'|'.join(alike) or '(?!)'})(?=[A-Z]|\b)")

    def denied(self):
        """Return the requests that were turned down."""
        return {self._readable(one) for one in self._record.denied}

    def surplus(self, elsewhere=()):
        """Return the rights that no request needed, without those that docs/security.md explains.

        Args:
            elsewhere: Patterns of what the runs of another module need.
        """
        excepted = [*documented_exceptions(), *elsewhere]
        return {one for one in self._unused() if not any(one.fits(each) for each in excepted)}

    def stale(self, elsewhere=()):
        """Return the exceptions whose rights are all used."""
        given, unused = self._given(), self._unused()
        return [
            pattern
            for pattern in (*documented_exceptions(), *elsewhere)
            if any(one.fits(pattern) for one in given)
            and not any(one.fits(pattern) for one in unused)
        ]

    def _given(self):
        return {self._readable(one) for one in self._authorizer.allowances()}

    def _unused(self):
        return self._given() - {self._readable(one) for one in self._record.used}

    def _readable(self, one):
        role = one.role_arn.rpartition("/")[2]
        return Given(self._name(role), one.action, self._name(one.resource))

    def _name(self, text):
        match = _ARN.fullmatch(text)
        name = match["name"] if match else text.removeprefix("arn:aws:s3:::")
        for physical, logical in self._names:
            name = name.replace(physical, logical)
        return self._alike.sub("", _UNIQUE_NAME.sub("", name))


def _logical_names(cloudformation):
    """Return physical names, the longest first, each with its logical id without the digest."""
    names = {}
    for stack in cloudformation.describe_stacks()["Stacks"]:
        found = cloudformation.describe_stack_resources(StackName=stack["StackName"])
        for resource in found["StackResources"]:
            if resource["ResourceType"] in _NAMED:
                # The end of an ARN or of a queue's URL, else the whole.
                physical = re.split("[:/]", resource["PhysicalResourceId"])[-1]
                names[physical] = _DIGEST.sub("", resource["LogicalResourceId"])
    return sorted(names.items(), key=lambda pair: -len(pair[0]))


@pytest.fixture(scope="session")
def given():
    """Make a right, or a pattern of rights, by role, action and resource."""
    return Given


@pytest.fixture(scope="module")
def access_record():
    """What the roles of the module's `LocalCloud(access_record=…)` did."""
    return AccessRecord()


@pytest.fixture(scope="module")
def start_cloud(access_record):
    """Make an embedded AWS whose functions stay warm as long as a module of tests takes.

    To start a function anew costs more than most of what it does.
    """

    def start(**settings):
        return LocalCloud(access_record=access_record, warm_seconds=600, **settings)

    return start


@pytest.fixture(scope="session")
def deploy_app():
    """Synthesize an app, deploy it, and return the values that its stacks export."""

    def deploy(cloud, app):
        cloud.deploy(Path(app.synth().directory))
        exports = cloud.client("cloudformation").list_exports()["Exports"]
        return {export["Name"]: export["Value"] for export in exports}

    return deploy


@pytest.fixture(scope="module")
def closure_of(access_record):
    """Hold the rights of a cloud's roles against what they did."""

    def make(cloud, *, alike=()):
        return AccessClosure(cloud, access_record, alike)

    return make
