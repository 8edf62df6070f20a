"""Stand up a synthesized cloud assembly without node.

Does what `cdk deploy` does for a bootstrapped environment: uploads the file assets where the
synthesizer said, and creates the stacks through CloudFormation's API, dependencies first.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.untyped import Client

BOOTSTRAP_VERSION = "33"
"""The version of the bootstrap stack that this pretends to be; newer than any template asks for."""

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class DeploymentError(Exception):
    """A cloud assembly could not be stood up; the message names the resource, type and reason."""


class Cloud(Protocol):
    """What a deployment needs of the embedded AWS."""

    @property
    def region(self) -> str:
        """The Region."""

    @property
    def account_id(self) -> str:
        """The account."""

    def client(self, service: str) -> Client:
        """Return the client of a service."""


def deploy_assembly(cloud: Cloud, assembly: Path) -> dict[str, dict[str, str]]:
    """Create or update the stacks of a cloud assembly.

    Args:
        cloud: The embedded AWS.
        assembly: The folder that `cdk synth` or `app.synth()` wrote.

    Returns:
        The outputs of each stack by the stack's name.

    Raises:
        DeploymentError: A resource is not emulated or could not be created, an asset needs
            Docker, or the folder is not a cloud assembly.
    """
    manifest_file = assembly / "manifest.json"
    if not manifest_file.is_file():
        raise DeploymentError(f"{assembly} is not a cloud assembly: it has no manifest.json")
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    outputs: dict[str, dict[str, str]] = {}
    for artifact_id, artifact in _in_dependency_order(manifest["artifacts"]):
        properties = artifact.get("properties", {})
        match artifact["type"]:
            case "cdk:asset-manifest":
                _seed_bootstrap(cloud, properties)
                _publish_assets(cloud, assembly / properties["file"])
            case "aws:cloudformation:stack":
                name = properties.get("stackName", artifact_id)
                outputs[name] = _deploy_stack(cloud, name, assembly, properties)
            case "cdk:cloud-assembly":
                outputs |= deploy_assembly(cloud, assembly / properties["directoryName"])
            case "aws:cloudformation:stack-refactor" | "cdk:tree" | "cdk:feature-flag-report":
                pass  # for CDK's own tools
            case other:
                raise DeploymentError(f"artifact {artifact_id} of type {other} is not supported")
    return outputs


def _in_dependency_order(
    artifacts: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    graph = {name: artifact.get("dependencies", []) for name, artifact in artifacts.items()}
    for name in TopologicalSorter(graph).static_order():
        yield name, artifacts[name]


def _seed_bootstrap(cloud: Cloud, properties: Mapping[str, Any]) -> None:
    """Put the parameter by which templates check that the environment is bootstrapped."""
    name = properties.get("bootstrapStackVersionSsmParameter")
    ssm = cloud.client("ssm")
    if name and not ssm.get_parameters(Names=[name])["Parameters"]:
        ssm.put_parameter(Name=name, Value=BOOTSTRAP_VERSION, Type="String")


def _publish_assets(cloud: Cloud, asset_manifest: Path) -> None:
    """Upload the file assets of a stack, its template among them."""
    assets = json.loads(asset_manifest.read_text(encoding="utf-8"))
    for image in assets.get("dockerImages", {}).values():
        source = image["source"].get("directory") or image["source"].get("executable")
        raise DeploymentError(f"asset {source} is a container image: only file assets are emulated")
    s3 = cloud.client("s3")
    for asset in assets.get("files", {}).values():
        source = asset["source"]
        if "path" not in source:
            raise DeploymentError(
                f"asset made by {source.get('executable')} is not supported: bundle it at synth"
            )
        path = asset_manifest.parent / source["path"]
        for destination in asset["destinations"].values():
            bucket = _resolve(cloud, destination["bucketName"])
            key = _resolve(cloud, destination["objectKey"])
            _ensure_bucket(s3, bucket, cloud.region)
            if not s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"]:  # keys are hashes
                packed = source.get("packaging") == "zip"
                s3.put_object(
                    Bucket=bucket, Key=key, Body=_archive(path) if packed else path.read_bytes()
                )


def _deploy_stack(
    cloud: Cloud, name: str, assembly: Path, properties: Mapping[str, Any]
) -> dict[str, str]:
    """Create or update a stack and return its outputs."""
    template = (assembly / properties["templateFile"]).read_text(encoding="utf-8")
    parameters = [
        {"ParameterKey": key, "ParameterValue": value}
        for key, value in properties.get("parameters", {}).items()
    ]
    tags = [{"Key": key, "Value": value} for key, value in properties.get("tags", {}).items()]
    cloudformation = cloud.client("cloudformation")
    deploy = (
        cloudformation.update_stack
        if _exists(cloudformation, name)
        else cloudformation.create_stack
    )
    try:
        # The real API takes a template of 51,200 bytes this way; here there is no limit.
        deploy(StackName=name, TemplateBody=template, Parameters=parameters, Tags=tags)
    except ClientError as error:
        message = error.response["Error"]["Message"]
        if message != "No updates are to be performed.":
            raise DeploymentError(f"stack {name}: {message}") from error
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeploymentError(f"stack {name}: {_failure(cloudformation, stack)}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _failure(cloudformation: Client, stack: Mapping[str, Any]) -> str:
    """Say why a stack failed: the first failed resource, or the stack's own reason."""
    events = cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    for event in events:  # newest first
        if event["ResourceStatus"] in ("CREATE_FAILED", "UPDATE_FAILED"):
            return (
                f"resource {event['LogicalResourceId']} of type {event['ResourceType']}: "
                f"{event['ResourceStatusReason']}"
            )
    reasons = [event["ResourceStatusReason"] for event in events if "ResourceStatusReason" in event]
    return reasons[0] if reasons else str(stack["StackStatus"])


def _exists(cloudformation: Client, name: str) -> bool:
    return any(
        stack["StackName"] == name and stack["StackStatus"] != "DELETE_COMPLETE"
        for page in cloudformation.get_paginator("list_stacks").paginate()
        for stack in page["StackSummaries"]
    )


def _ensure_bucket(s3: Client, bucket: str, region: str) -> None:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        location = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        s3.create_bucket(Bucket=bucket, **location)


def _resolve(cloud: Cloud, text: str) -> str:
    """Fill in what the synthesizer leaves open for environment-agnostic stacks."""
    return (
        text.replace("${AWS::AccountId}", cloud.account_id)
        .replace("${AWS::Region}", cloud.region)
        .replace("${AWS::Partition}", "aws")
    )


def _archive(folder: Path) -> bytes:
    """Zip a folder; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _ZIP_EPOCH)
                entry.external_attr = path.stat().st_mode << 16
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()
