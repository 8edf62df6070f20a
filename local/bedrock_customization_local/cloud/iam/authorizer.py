"""Decides whether a role may make an API call, by the policies that moto holds at that moment."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from bedrock_customization_local.cloud.iam.access_record import (
    AccessRecord,
    Allowance,
    allowances_of,
)
from bedrock_customization_local.cloud.iam.actions import Permission, permissions_for
from bedrock_customization_local.cloud.iam.evaluation import (
    Decision,
    Policies,
    ResourceTrust,
    evaluate,
)
from bedrock_customization_local.cloud.iam.moto_policies import Encryption, MotoPolicies
from bedrock_customization_local.cloud.iam.request import (
    Context,
    ContextValue,
    Principal,
    Request,
    RolePrincipal,
    ServicePrincipal,
)
from bedrock_customization_local.cloud.iam.resources import Parameters, Scope, copied

_SESSION_NAME = "session"
_OBJECT_READS = {"GetObject", "SelectObjectContent", "CopyObject", "UploadPartCopy"}
_OBJECT_LOOKS = {*_OBJECT_READS, "HeadObject", "GetObjectAttributes"}
_OBJECT_WRITES = {
    "PutObject": ("GenerateDataKey",),
    "CopyObject": ("GenerateDataKey",),
    "CreateMultipartUpload": ("GenerateDataKey",),
    # Each part is encrypted under the key the upload began with, which S3 must open again.
    "UploadPart": ("GenerateDataKey", "Decrypt"),
    "UploadPartCopy": ("GenerateDataKey", "Decrypt"),
    "CompleteMultipartUpload": ("Decrypt",),
}


class AccessDenied(Exception):  # noqa: N818 - AWS's own name of the error
    """A role may not do what it asked for; the message is worded as AWS words it.

    Args:
        principal: Who asked: a session's ARN or a service's name.
        action: The IAM action.
        resource: The resource's ARN.
        decision: Why not.
    """

    def __init__(self, principal: str, action: str, resource: str, decision: Decision) -> None:
        super().__init__(
            f"User: {principal} is not authorized to perform: {action} "
            f"on resource: {resource} {decision.reason}"
        )
        self.action = action
        self.resource = resource
        self.decision = decision


class Permissive:
    """Lets everyone do everything: the embedded AWS with IAM switched off."""

    def authorize(
        self, *, role_arn: str, service: str, operation: str, parameters: Parameters
    ) -> None:
        """Allow the call."""

    def require(self, role_arn: str, needed: Permission) -> None:
        """Allow the action."""

    def require_of_service(self, service: str, needed: Permission) -> None:
        """Allow the action."""

    def require_to_publish(
        self, service: str, topic_arn: str, context: Mapping[str, ContextValue]
    ) -> None:
        """Allow the message."""

    def assume(self, role_arn: str, service: str, *, source_arn: str, source_account: str) -> None:
        """Allow the session."""


class Authorizer:
    """Evaluates identity policies, permissions boundaries, and the policies of resources.

    Args:
        region: The Region of the calls.
        account_id: The account of roles and resources.
        partition: The partition of both.
        resource_tags: Returns the tags of a resource that moto does not hold, by ARN.
        record: Keeps what is decided on the requests of roles; None keeps nothing.
    """

    def __init__(
        self,
        *,
        region: str,
        account_id: str,
        partition: str = "aws",
        resource_tags: Callable[[str], Mapping[str, str]] = lambda _arn: {},
        record: AccessRecord | None = None,
    ) -> None:
        self._resource_tags = resource_tags
        self._scope = Scope(partition=partition, region=region, account=account_id)
        self._held = MotoPolicies(self._scope)
        self._record = record

    def authorize(
        self, *, role_arn: str, service: str, operation: str, parameters: Parameters
    ) -> None:
        """Return if a role may make an API call.

        Args:
            role_arn: The role.
            service: The service, by boto3's name.
            operation: The operation, by botocore's name.
            parameters: The call's parameters, by botocore's names.

        Raises:
            AccessDenied: One of the permissions that the call needs is missing.
        """
        for needed in self._needed(service, operation, parameters):
            self.require(role_arn, needed)

    def require(self, role_arn: str, needed: Permission) -> None:
        """Return if a role has a permission.

        Args:
            role_arn: The role.
            needed: What a service asks for that the role makes no call for.

        Raises:
            AccessDenied: It is missing.
        """
        needed = self._completed(needed)
        decision = self._decide(role_arn, needed, self._record)
        if not decision.allowed:
            principal = self._principal(role_arn).session_arn
            raise AccessDenied(principal, needed.action, needed.resource, decision)

    def require_of_service(self, service: str, needed: Permission) -> None:
        """Return if the policy of a resource lets a service itself do something.

        Args:
            service: The service principal, like `bedrock.amazonaws.com`.
            needed: What it does.

        Raises:
            AccessDenied: The policy does not, or there is none.
        """
        policy, _ = self._held.resource_policy(needed.resource)
        context = {
            **needed.context,
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": service,
        }
        decision = evaluate(
            self._request(ServicePrincipal(service), needed.action, needed.resource, context),
            Policies(resource=policy, trust=ResourceTrust.ALONE),
        )
        if not decision.allowed:
            raise AccessDenied(service, needed.action, needed.resource, decision)

    def require_to_publish(
        self, service: str, topic_arn: str, context: Mapping[str, ContextValue]
    ) -> None:
        """Return if the policies of a topic and its key let a service itself publish.

        Args:
            service: The service principal, like `cloudwatch.amazonaws.com`.
            topic_arn: The topic.
            context: The condition keys that the service gives.

        Raises:
            AccessDenied: One of the policies does not.
        """
        self.require_of_service(service, Permission("sns:Publish", topic_arn, context))
        key = self._held.key_of_topic(topic_arn)
        for action in ("GenerateDataKey", "Decrypt") if key else ():
            self.require_of_service(service, Permission(f"kms:{action}", str(key), context))

    def check(
        self,
        role_arn: str,
        action: str,
        resource: str,
        context: Mapping[str, ContextValue] | None = None,
    ) -> Decision:
        """Return the decision on one action on one resource.

        Args:
            role_arn: The role that asks.
            action: The IAM action, like `s3:GetObject`.
            resource: The resource's ARN, or `*`.
            context: Condition keys of the request; those of the role are added.
        """
        return self._decide(role_arn, Permission(action, resource, context or {}), None)

    def allowances(self) -> frozenset[Allowance]:
        """Return what the policies of every role allow."""
        return frozenset(
            allowance
            for role_arn in self._held.role_arns()
            if (role := self._held.role(role_arn))
            for allowance in allowances_of(role_arn, role.policies)
        )

    def _decide(self, role_arn: str, needed: Permission, record: AccessRecord | None) -> Decision:
        role = self._held.role(role_arn)
        if role is None:
            return Decision(allowed=False, reason=f"because the role {role_arn} does not exist")
        principal = self._principal(role_arn)
        of_resource = self._resource_tags(needed.resource)
        tags = {f"aws:PrincipalTag/{name}": text for name, text in role.tags.items()} | {
            f"aws:ResourceTag/{name}": text for name, text in of_resource.items()
        }
        own = {
            "aws:PrincipalArn": role_arn,
            "aws:PrincipalAccount": principal.account,
            "aws:PrincipalType": "AssumedRole",
            "aws:PrincipalIsAWSService": "false",
            "kms:CallerAccount": principal.account,
            **tags,
        }
        request = self._request(
            principal, needed.action, needed.resource, {**own, **needed.context}
        )
        policy, trust = self._held.resource_policy(needed.resource)
        decision = evaluate(
            request,
            Policies(identity=role.policies, boundary=role.boundary, resource=policy, trust=trust),
        )
        unmentioned = not decision.allowed and decision.statement is None
        if unmentioned and self._held.granted(needed.resource, role_arn, needed.action):
            decision = Decision(allowed=True, reason="allowed by a grant")
        if record:
            record.note(role_arn, request, role.policies, decision)
        return decision

    def assume(self, role_arn: str, service: str, *, source_arn: str, source_account: str) -> None:
        """Return if a service may assume a role, by the role's trust policy.

        Args:
            role_arn: The role.
            service: The service principal, like `bedrock.amazonaws.com`.
            source_arn: The resource the service acts for, as aws:SourceArn.
            source_account: That resource's account, as aws:SourceAccount.

        Raises:
            AccessDenied: It may not, or there is no such role.
        """
        role = self._held.role(role_arn)
        action = "sts:AssumeRole"
        if role is None:
            decision = Decision(allowed=False, reason=f"because the role {role_arn} does not exist")
        else:
            context = {
                "aws:SourceArn": source_arn,
                "aws:SourceAccount": source_account,
                "aws:PrincipalIsAWSService": "true",
                "aws:PrincipalServiceName": service,
            }
            decision = evaluate(
                self._request(ServicePrincipal(service), action, role_arn, context),
                Policies(resource=role.trust, trust=ResourceTrust.ALONE),
            )
        if not decision.allowed:
            raise AccessDenied(service, action, role_arn, decision)

    def _request(
        self,
        principal: Principal,
        action: str,
        resource: str,
        context: Mapping[str, ContextValue],
    ) -> Request:
        now = datetime.now(UTC)
        everywhere: dict[str, ContextValue] = {
            "aws:CurrentTime": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "aws:EpochTime": str(int(now.timestamp())),
            "aws:RequestedRegion": self._scope.region,
            "aws:ResourceAccount": self._scope.account,
            # Loopback stands for TLS: without these, every hardened bucket would refuse.
            "aws:SecureTransport": "true",
            "s3:TlsVersion": "1.3",
            "aws:SourceIp": "127.0.0.1",
        }
        return Request(
            principal=principal,
            action=action,
            resource=resource,
            context=Context({**everywhere, **context}),
        )

    def _principal(self, role_arn: str) -> RolePrincipal:
        account = role_arn.split(":")[4]
        name = role_arn.rpartition("/")[2]
        return RolePrincipal(
            role_arn=role_arn,
            session_arn=f"arn:{self._scope.partition}:sts::{account}:assumed-role/{name}/"
            f"{_SESSION_NAME}",
            account=account,
        )

    def _needed(self, service: str, operation: str, parameters: Parameters) -> Iterator[Permission]:
        yield from permissions_for(service, operation, parameters, self._scope)
        if service == "s3":
            yield from self._needed_by_objects(operation, parameters)
        elif service == "kms" and operation == "Decrypt" and not parameters.get("KeyId"):
            key = self._held.key_of_ciphertext(parameters.get("CiphertextBlob"))
            yield Permission("kms:Decrypt", key)
        elif service in {"sns", "sqs"}:
            yield from self._needed_by_messages(service, operation, parameters)

    def _completed(self, needed: Permission) -> Permission:
        """Replace what a caller may call a resource by the ARN that policies speak of."""
        if needed.action.startswith("kms:"):
            return Permission(needed.action, self._held.key_arn(needed.resource), needed.context)
        if needed.action.startswith("secretsmanager:"):
            return Permission(needed.action, self._held.secret_arn(needed.resource), needed.context)
        return needed

    def _needed_by_objects(self, operation: str, parameters: Parameters) -> Iterator[Permission]:
        """Yield what S3 asks for on the caller's behalf: keys, and the right to know of absence."""
        bucket, key = str(parameters.get("Bucket", "")), str(parameters.get("Key", ""))
        read = copied(parameters) if "CopySource" in parameters else {"Bucket": bucket, "Key": key}
        if operation in _OBJECT_LOOKS and not self._held.has_object(**_lower(read)):
            # Who may not list a bucket is not told that an object is missing: 403, not 404.
            yield Permission("s3:ListBucket", f"arn:{self._scope.partition}:s3:::{read['Bucket']}")
        if operation in _OBJECT_READS:
            encryption = self._held.encryption_of_object(**_lower(read))
            if encryption:
                yield self._of_key("Decrypt", encryption, read["Bucket"], read["Key"])
        actions = _OBJECT_WRITES.get(operation, ())
        written = self._encryption_of_write(bucket, parameters) if actions else None
        if written:
            for action in actions:
                yield self._of_key(action, written, bucket, key)

    def _encryption_of_write(self, bucket: str, parameters: Parameters) -> Encryption | None:
        if parameters.get("SSEKMSKeyId"):
            key = self._held.key_arn(str(parameters["SSEKMSKeyId"]))
            return Encryption(key, bool(parameters.get("BucketKeyEnabled")))
        if parameters.get("ServerSideEncryption", "aws:kms") != "aws:kms":
            return None
        return self._held.encryption_of_bucket(bucket)

    def _of_key(self, action: str, encryption: Encryption, bucket: str, key: str) -> Permission:
        s3 = f"arn:{self._scope.partition}:s3:::"
        encrypted = f"{s3}{bucket}" if encryption.bucket_key else f"{s3}{bucket}/{key}"
        context: dict[str, ContextValue] = {
            "kms:ViaService": f"s3.{self._scope.region}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": encrypted,
            "kms:EncryptionContextKeys": ["aws:s3:arn"],
        }
        return Permission(f"kms:{action}", encryption.key, context)

    def _needed_by_messages(
        self, service: str, operation: str, parameters: Parameters
    ) -> Iterator[Permission]:
        """Yield what an encrypted topic or queue asks for on behalf of who sends and receives."""
        actions: tuple[str, ...] = ()
        key: str | None = None
        if service == "sns" and operation in {"Publish", "PublishBatch"}:
            actions = ("GenerateDataKey", "Decrypt")
            key = self._held.key_of_topic(str(parameters.get("TopicArn", "")))
        elif service == "sqs" and operation in {"SendMessage", "SendMessageBatch"}:
            actions = ("GenerateDataKey", "Decrypt")
            key = self._held.key_of_queue(self._queue_of(parameters))
        elif service == "sqs" and operation == "ReceiveMessage":
            actions = ("Decrypt",)
            key = self._held.key_of_queue(self._queue_of(parameters))
        context = {"kms:ViaService": f"{service}.{self._scope.region}.amazonaws.com"}
        for action in actions if key else ():
            yield Permission(f"kms:{action}", str(key), context)

    @staticmethod
    def _queue_of(parameters: Parameters) -> str:
        return str(parameters.get("QueueUrl", "")).replace("/", ":")


def _lower(names: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): text for name, text in names.items()}
