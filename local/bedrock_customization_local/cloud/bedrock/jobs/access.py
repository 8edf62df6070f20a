"""What a job does in the customer's account, as its role: every access is evaluated first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError
from bedrock_customization_local.cloud.iam import AccessDenied, Permission
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bedrock_customization_local.cloud.bedrock.arns import Place
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer

_MODEL_KEY_ACTIONS = ("DescribeKey", "CreateGrant", "GenerateDataKey", "Decrypt")
_NETWORK_LOOKS = (
    "DescribeNetworkInterfaces",
    "DescribeVpcs",
    "DescribeDhcpOptions",
    "DescribeSubnets",
    "DescribeSecurityGroups",
)
_MANAGED = "BedrockManaged"


@dataclass(frozen=True, slots=True)
class JobKind:
    """What a kind of job calls its own.

    Args:
        model_key: Member of the request that names the key of the model.
        tag: That network interfaces of a job carry, with its ARN.
    """

    model_key: str
    tag: str


CUSTOMIZATION = JobKind("customModelKmsKeyId", "BedrockModelCustomizationJobArn")
IMPORT = JobKind("importedModelKmsKeyId", "BedrockModelImportJobArn")


class JobAccess:
    """The access of one job.

    Args:
        job_arn: The job.
        parameters: Its request.
        place: Region and account.
        clients: Returns the embedded AWS's client of a service.
        authorizer: Evaluates the role.
        kind: Of the job.
    """

    def __init__(
        self,
        *,
        job_arn: str,
        parameters: Mapping[str, Any],
        place: Place,
        clients: Callable[[str], Any],
        authorizer: RoleAuthorizer,
        kind: JobKind = CUSTOMIZATION,
    ) -> None:
        self._job_arn, self._parameters, self._place = job_arn, parameters, place
        self._clients, self._authorizer, self._kind = clients, authorizer, kind
        self._role: str = parameters["roleArn"]

    def read(self, uri: str) -> tuple[str, bytes]:
        """Return the key and the content of a data file.

        Args:
            uri: The object.

        Raises:
            JobFailedError: The role may not read it, or there is none.
        """
        where = _parsed(uri)
        self._check_listing(where)
        return where.key, self._get(where)

    def read_part(self, uri: str, start: int, length: int) -> bytes:
        """Return bytes of an object; the same as `read` otherwise.

        Args:
            uri: The object.
            start: The first byte.
            length: How many, at least one; fewer come from an object that ends before.

        Raises:
            JobFailedError: The role may not read it, or there is none.
        """
        return self._get(_parsed(uri), f"bytes={start}-{start + length - 1}")

    def sizes_below(self, uri: str) -> dict[str, int]:
        """Return the sizes of the objects below a prefix, in bytes, by what follows the prefix.

        Raises:
            JobFailedError: The role may not list them.
        """
        where = prefix_of(uri)
        return {found["Key"][len(where.key) :]: found["Size"] for found in self._list(where)}

    def read_below(self, uri: str, suffix: str) -> Iterator[tuple[str, bytes]]:
        """Yield keys and contents of the objects below a prefix, in the order of their keys.

        Args:
            uri: The prefix.
            suffix: End of the keys that count.

        Raises:
            JobFailedError: The role may not list or read them.
        """
        where = prefix_of(uri)
        for found in self._list(where):
            if found["Key"].endswith(suffix):
                yield found["Key"], self._get(S3Uri(where.bucket, found["Key"]))

    def write(self, name: str, body: bytes) -> None:
        """Write a file below the job's output location.

        Raises:
            JobFailedError: The role may not, or there is no such bucket.
        """
        prefix = self._parameters["outputDataConfig"]["s3Uri"].rstrip("/")
        where = _parsed(f"{prefix}/{name}")
        refusal = (
            "Amazon S3 perms missing (PutObject): Could not validate PutObject permissions to "
            f"access S3 bucket: {where.bucket} at key {where.key}"
        )
        self._authorize("s3", "PutObject", {"Bucket": where.bucket, "Key": where.key}, refusal)
        try:
            self._clients("s3").put_object(Bucket=where.bucket, Key=where.key, Body=body)
        except ClientError as error:
            raise JobFailedError(f"{refusal} ({_code(error)})") from error

    def check_model_key(self) -> None:
        """Check that the role may use the key of the model, if one is asked for.

        Raises:
            JobFailedError: It may not.
        """
        key = self._parameters.get(self._kind.model_key)
        context = {
            "kms:ViaService": f"bedrock.{self._place.region}.amazonaws.com",
            "kms:GrantIsForAWSResource": "true",
        }
        for action in _MODEL_KEY_ACTIONS if key else ():
            self._require(
                Permission(f"kms:{action}", str(key), context),
                f"Could not validate {action} permissions to access AWS KMS key: {key}",
            )

    def check_network(self) -> None:
        """Check that the role may place the job in the VPC, and that the VPC's parts exist.

        No network interface is made: nothing here runs in a VPC.

        Raises:
            JobFailedError: It may not, or they do not.
        """
        network = self._parameters.get("vpcConfig")
        if network is None:
            return
        for needed in self._network_permissions(network["subnetIds"], network["securityGroupIds"]):
            self._require(
                needed,
                f"Could not validate {needed.action} permissions to access {needed.resource}",
            )
        ec2 = self._clients("ec2")
        try:
            subnets = ec2.describe_subnets(SubnetIds=network["subnetIds"])["Subnets"]
            groups = ec2.describe_security_groups(GroupIds=network["securityGroupIds"])
        except ClientError as error:
            raise JobFailedError(f"The VPC configuration is invalid ({_code(error)}).") from error
        vpcs = {one["VpcId"] for one in [*subnets, *groups["SecurityGroups"]]}
        if len(vpcs) > 1:
            raise JobFailedError(
                "The VPC configuration is invalid: subnets and security groups belong to "
                f"{len(vpcs)} VPCs."
            )

    def check_teacher(self, identifier: str, model_id: str, regions: Sequence[str]) -> None:
        """Check that the role may ask a teacher.

        Args:
            identifier: As the request names it: a model, or an inference profile.
            model_id: The foundation model behind it.
            regions: Where an inference profile may send the question.

        Raises:
            JobFailedError: It may not.
        """
        self._check_invocation("teacher", identifier, model_id, regions)

    def check_judge(self, identifier: str, model_id: str, regions: Sequence[str]) -> None:
        """Check that the role may ask a judge.

        Arguments and errors are those of `check_teacher`.
        """
        if regions:
            named = identifier.startswith("arn:")
            profile = identifier if named else self._place.arn("inference-profile", identifier)
            self._require(
                Permission("bedrock:GetInferenceProfile", profile),
                f"Could not validate GetInferenceProfile permissions: {identifier}",
            )
        self._check_invocation("evaluator model", identifier, model_id, regions)

    def check_grader(self, function_arn: str) -> None:
        """Check that the role may invoke a grader.

        Raises:
            JobFailedError: It may not.
        """
        self._authorize(
            "lambda",
            "Invoke",
            {"FunctionName": function_arn},
            "Could not validate InvokeFunction permissions to access Lambda function: "
            f"{function_arn}",
        )

    def invoke_grader(self, function_arn: str, payload: bytes) -> bytes:
        """Invoke a grader and return what it said.

        Raises:
            JobFailedError: The role may not, there is no such function, or it failed.
        """
        self.check_grader(function_arn)
        try:
            reply = self._clients("lambda").invoke(FunctionName=function_arn, Payload=payload)
        except ClientError as error:
            raise JobFailedError(
                f"The grader Lambda function {function_arn} could not be invoked ({_code(error)})."
            ) from error
        except ReadTimeoutError as error:
            raise JobFailedError(
                f"The grader Lambda function {function_arn} did not answer in time."
            ) from error
        answer: bytes = reply["Payload"].read()
        if "FunctionError" in reply:
            # Not the error's message: it may quote the records.
            raise JobFailedError(
                f"The grader Lambda function {function_arn} failed ({reply['FunctionError']}); "
                "its log says why."
            )
        return answer

    def _check_invocation(
        self, what: str, identifier: str, model_id: str, regions: Sequence[str]
    ) -> None:
        refusal = f"Could not validate InvokeModel permissions to access the {what}: {identifier}"
        self._authorize("bedrock-runtime", "InvokeModel", {"modelId": identifier}, refusal)
        for region in regions:
            arn = f"arn:{self._place.partition}:bedrock:{region}::foundation-model/{model_id}"
            self._require(Permission("bedrock:InvokeModel", arn), f"{refusal} ({arn})")

    def _list(self, where: S3Uri) -> Iterator[Mapping[str, Any]]:
        self._check_listing(where)
        pages = self._clients("s3").get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=where.bucket, Prefix=where.key):
                yield from page.get("Contents", [])
        except ClientError as error:
            raise JobFailedError(f"{_list_refusal(where)} ({_code(error)})") from error

    def _get(self, where: S3Uri, part: str | None = None) -> bytes:
        refusal = (
            "Could not validate GetObject permissions to access Amazon S3 bucket: "
            f"{where.bucket} at key {where.key}"
        )
        self._authorize("s3", "GetObject", {"Bucket": where.bucket, "Key": where.key}, refusal)
        try:
            found = self._clients("s3").get_object(
                Bucket=where.bucket, Key=where.key, **({"Range": part} if part else {})
            )
        except ClientError as error:
            raise JobFailedError(f"{refusal} ({_code(error)})") from error
        body: bytes = found["Body"].read()
        return body

    def _check_listing(self, where: S3Uri) -> None:
        parameters = {"Bucket": where.bucket, "Prefix": where.key}
        self._authorize("s3", "ListObjectsV2", parameters, _list_refusal(where))

    def _network_permissions(
        self, subnets: Sequence[str], groups: Sequence[str]
    ) -> Iterator[Permission]:
        """Yield what the role's five statements on EC2 allow."""
        place = self._place
        ec2 = f"arn:{place.partition}:ec2:{place.region}:{place.account_id}:"
        interface = f"{ec2}network-interface/*"
        for look in _NETWORK_LOOKS:
            yield Permission(f"ec2:{look}", "*")
        create, tag = "ec2:CreateNetworkInterface", self._kind.tag
        yield Permission(
            create,
            interface,
            {f"aws:RequestTag/{_MANAGED}": "true", f"aws:RequestTag/{tag}": self._job_arn},
        )
        for subnet in subnets:
            yield Permission(create, f"{ec2}subnet/{subnet}")
        for group in groups:
            yield Permission(create, f"{ec2}security-group/{group}")
        for subnet in subnets:
            context = {
                "ec2:Subnet": f"{ec2}subnet/{subnet}",
                f"ec2:ResourceTag/{_MANAGED}": "true",
                f"ec2:ResourceTag/{tag}": self._job_arn,
            }
            for action in (
                "CreateNetworkInterfacePermission",
                "DeleteNetworkInterface",
                "DeleteNetworkInterfacePermission",
            ):
                yield Permission(f"ec2:{action}", interface, context)
        yield Permission(
            "ec2:CreateTags",
            interface,
            {"ec2:CreateAction": "CreateNetworkInterface", "aws:TagKeys": [_MANAGED, tag]},
        )

    def _authorize(
        self, service: str, operation: str, parameters: Mapping[str, object], refusal: str
    ) -> None:
        try:
            self._authorizer.authorize(
                role_arn=self._role, service=service, operation=operation, parameters=parameters
            )
        except AccessDenied as error:
            raise JobFailedError(refusal) from error

    def _require(self, needed: Permission, refusal: str) -> None:
        try:
            self._authorizer.require(self._role, needed)
        except AccessDenied as error:
            raise JobFailedError(refusal) from error


def _parsed(uri: str) -> S3Uri:
    try:
        return S3Uri.parse(uri)
    except ValueError as error:
        raise JobFailedError(str(error)) from error


def prefix_of(uri: str) -> S3Uri:
    """Return bucket and key of a prefix, which may be empty."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return S3Uri(bucket, prefix)


def _list_refusal(where: S3Uri) -> str:
    return (
        "Could not validate ListBucket permissions to access Amazon S3 bucket: "
        f"{where.bucket} at key {where.key}"
    )


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
