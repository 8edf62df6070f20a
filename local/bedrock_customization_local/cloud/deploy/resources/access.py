"""The types of IAM: roles and policies."""

import json
from collections.abc import Iterator
from typing import Any

from bedrock_customization_local.cloud.deploy.resources._base import PutResource, Resource


class Role(Resource):
    """A role with its inline and attached policies."""

    cf_resource_type = "AWS::IAM::Role"
    service = "iam"
    immutable = frozenset({"Path", "RoleName"})

    def create(self) -> None:
        """Create the role, then its policies."""
        name = self.named("RoleName", limit=64)
        role = self.client.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=self._trust(),
            **self.without("AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies", "RoleName"),
        )["Role"]
        self.physical_resource_id = name
        self.attributes = {"Arn": role["Arn"], "RoleId": role["RoleId"]}
        self._write_policies()

    def update(self) -> None:
        """Replace trust, settings and policies."""
        role = {"RoleName": self.physical_resource_id}
        self.client.update_assume_role_policy(**role, PolicyDocument=self._trust())
        self.client.update_role(
            **role,
            Description=self.properties.get("Description", ""),
            MaxSessionDuration=self.properties.get("MaxSessionDuration", 3600),
        )
        if "PermissionsBoundary" in self.properties:
            boundary = self.properties["PermissionsBoundary"]
            self.client.put_role_permissions_boundary(**role, PermissionsBoundary=boundary)
        self._delete_own_policies()
        self._write_policies()

    def delete(self) -> None:
        """Delete the role and what hangs on it."""
        self._delete_own_policies()
        self.client.delete_role(RoleName=self.physical_resource_id)

    def _trust(self) -> str:
        return json.dumps(self.properties["AssumeRolePolicyDocument"])

    def _write_policies(self) -> None:
        role = {"RoleName": self.physical_resource_id}
        for policy in self.properties.get("Policies", []):
            document = json.dumps(policy["PolicyDocument"])
            self.client.put_role_policy(
                **role, PolicyName=policy["PolicyName"], PolicyDocument=document
            )
        for arn in self.properties.get("ManagedPolicyArns", []):
            self.client.attach_role_policy(**role, PolicyArn=arn)
        self._written = [policy["PolicyName"] for policy in self.properties.get("Policies", [])]
        self._attached = list(self.properties.get("ManagedPolicyArns", []))

    def _delete_own_policies(self) -> None:
        role = {"RoleName": self.physical_resource_id}
        for name in self._written:
            self.client.delete_role_policy(**role, PolicyName=name)
        for arn in self._attached:
            self.client.detach_role_policy(**role, PolicyArn=arn)


class Policy(PutResource):
    """An inline policy, written to each principal that it names."""

    cf_resource_type = "AWS::IAM::Policy"
    service = "iam"
    immutable = frozenset({"PolicyName", "Roles", "Users", "Groups"})

    def put(self) -> None:
        """Write the policy."""
        document = json.dumps(self.properties["PolicyDocument"])
        for kind, principal in self._principals():
            put = getattr(self.client, f"put_{kind}_policy")
            put(**principal, **self._name(), PolicyDocument=document)
        self.physical_resource_id = self.properties["PolicyName"]

    def delete(self) -> None:
        """Delete it from each principal."""
        for kind, principal in self._principals():
            getattr(self.client, f"delete_{kind}_policy")(**principal, **self._name())

    def _name(self) -> dict[str, Any]:
        return {"PolicyName": self.properties["PolicyName"]}

    def _principals(self) -> Iterator[tuple[str, dict[str, str]]]:
        for kind in ("Role", "User", "Group"):
            for name in self.properties.get(f"{kind}s", []):
                yield kind.lower(), {f"{kind}Name": name}


class ManagedPolicy(Resource):
    """A customer managed policy, attached to the principals that it names."""

    cf_resource_type = "AWS::IAM::ManagedPolicy"
    service = "iam"
    immutable = frozenset({"ManagedPolicyName", "Path", "Description"})

    def create(self) -> None:
        """Create the policy and attach it."""
        policy = self.client.create_policy(
            PolicyName=self.named("ManagedPolicyName", limit=128),
            PolicyDocument=json.dumps(self.properties["PolicyDocument"]),
            **self.without("ManagedPolicyName", "PolicyDocument", "Roles", "Users", "Groups"),
        )["Policy"]
        self.physical_resource_id = policy["Arn"]
        self.attributes = {"PolicyArn": policy["Arn"], "PolicyId": policy["PolicyId"]}
        self._attach()

    def update(self) -> None:
        """Make the new document the default version."""
        self._detach()
        policy = {"PolicyArn": self.physical_resource_id}
        versions = self.client.list_policy_versions(**policy)["Versions"]
        document = json.dumps(self.properties["PolicyDocument"])
        self.client.create_policy_version(**policy, PolicyDocument=document, SetAsDefault=True)
        for version in versions:
            self.client.delete_policy_version(**policy, VersionId=version["VersionId"])
        self._attach()

    def delete(self) -> None:
        """Detach and delete it."""
        self._detach()
        self.client.delete_policy(PolicyArn=self.physical_resource_id)

    def _attach(self) -> None:
        self._attached = [
            (kind, {f"{kind}Name": name})
            for kind in ("Role", "User", "Group")
            for name in self.properties.get(f"{kind}s", [])
        ]
        for kind, principal in self._attached:
            attach = getattr(self.client, f"attach_{kind.lower()}_policy")
            attach(**principal, PolicyArn=self.physical_resource_id)

    def _detach(self) -> None:
        for kind, principal in self._attached:
            detach = getattr(self.client, f"detach_{kind.lower()}_policy")
            detach(**principal, PolicyArn=self.physical_resource_id)
