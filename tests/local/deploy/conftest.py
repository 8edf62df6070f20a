"""One plane of moto's server per module; each test finds it empty and unpatched, or patched."""

import json

import pytest
from moto.moto_api._internal import moto_api_backend

from bedrock_customization_local.cloud import moto_patches
from bedrock_customization_local.cloud.moto_patches.replacing import Patches
from bedrock_customization_local.cloud.plane import Plane


@pytest.fixture(scope="module")
def running_plane():
    with Plane() as plane:
        yield plane


@pytest.fixture
def raw_plane(running_plane):
    moto_api_backend.reset()
    return running_plane


@pytest.fixture
def plane(raw_plane):
    undo = moto_patches.apply(Patches(raw_plane.client))
    yield raw_plane
    undo()


@pytest.fixture
def create(plane):
    """Create a stack of these resources and return it as DescribeStacks shows it."""
    return stack_after(plane, "create_stack")


@pytest.fixture
def update(plane):
    """Update a stack to these resources and return it as DescribeStacks shows it."""
    return stack_after(plane, "update_stack")


def stack_after(plane, operation):
    cloudformation = plane.client("cloudformation")

    def apply(resources, *, name="stack", **sections):
        template = json.dumps({"Resources": resources, **sections})
        getattr(cloudformation, operation)(StackName=name, TemplateBody=template)
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    return apply


@pytest.fixture
def failures(plane):
    """Return the reasons of a stack's failed resources by logical id."""

    def reasons(name="stack"):
        events = plane.client("cloudformation").describe_stack_events(StackName=name)
        return {
            event["LogicalResourceId"]: event["ResourceStatusReason"]
            for event in events["StackEvents"]
            if event["ResourceStatus"].endswith("_FAILED") and "ResourceStatusReason" in event
        }

    return reasons
