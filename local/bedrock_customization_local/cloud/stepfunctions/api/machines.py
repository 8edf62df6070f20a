"""State machines, their versions and aliases: created, changed, described, deleted."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import RLock
from typing import Final
from uuid import uuid4

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.stepfunctions.api.machine import (
    Alias,
    Machine,
    Revision,
    Version,
    check_name,
)
from bedrock_customization_local.cloud.stepfunctions.api.paging import page
from bedrock_customization_local.cloud.stepfunctions.execution import Blueprint
from bedrock_customization_local.cloud.stepfunctions.language import definition
from bedrock_customization_local.cloud.stepfunctions.language.validation import TaskCheck, findings
from bedrock_customization_local.cloud.untyped import Json

_ROLE: Final = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/.+")


class Machines:
    """All state machines of an account in a Region.

    Args:
        clock: Tells the time.
        arn_prefix: `arn:aws:states:<region>:<account>`.
        check_task: Says what is wrong with a task.
        tag: Stores the tags of a new resource.
        on_delete: Told the ARN of a machine that goes.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        arn_prefix: str,
        check_task: TaskCheck,
        tag: Callable[[str, Json], None],
        on_delete: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._arn_prefix = arn_prefix
        self._check_task = check_task
        self._tag = tag
        self._on_delete = on_delete
        self._lock = RLock()
        self._machines: dict[str, Machine] = {}

    def blueprint(self, arn: str) -> Blueprint:
        """Return what an execution of a machine, version or alias runs.

        Raises:
            ApiError: `StateMachineDoesNotExist`.
        """
        with self._lock:
            machine = self._machine(arn)
            revision, version_arn, alias_arn = self._resolved(machine, arn)
        return Blueprint(
            state_machine_arn=machine.arn,
            name=machine.name,
            states=definition.parse(revision.definition),
            role_arn=revision.role_arn,
            is_express=machine.is_express,
            definition=revision.definition,
            version_arn=version_arn,
            alias_arn=alias_arn,
            settings={**revision.settings, "updateDate": machine.updated},
        )

    def create_state_machine(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Create a machine; the same request again returns the same machine."""
        name = check_name(parameters["name"])
        arn = f"{self._arn_prefix}:stateMachine:{name}"
        revision = self._revision(parameters)
        is_express = parameters.get("type", "STANDARD") == "EXPRESS"
        with self._lock:
            machine = self._machines.get(arn)
            if machine is None:
                now = self._clock.now()
                machine = Machine(
                    arn=arn,
                    name=name,
                    is_express=is_express,
                    revision=revision,
                    created=now,
                    updated=now,
                )
                self._machines[arn] = machine
                self._tag(arn, parameters.get("tags", []))
            elif replace(machine.revision, id=None) != revision or machine.is_express != is_express:
                raise ApiError(
                    "StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'"
                )
            response = {"stateMachineArn": arn, "creationDate": machine.created}
            if parameters.get("publish"):
                version = self._publish(machine, parameters.get("versionDescription"))
                response["stateMachineVersionArn"] = version.arn
        return response

    def update_state_machine(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Change a machine; executions that run keep what they started with."""
        with self._lock:
            machine = self._exact(parameters["stateMachineArn"])
            old = machine.revision
            changed = {
                "definition": old.definition,
                "roleArn": old.role_arn,
                **old.settings,
                **parameters,
            }
            machine.revision = replace(self._revision(changed), id=str(uuid4()))
            machine.updated = self._clock.now()
            response = {"updateDate": machine.updated, "revisionId": machine.revision.id}
            if parameters.get("publish"):
                version = self._publish(machine, parameters.get("versionDescription"))
                response["stateMachineVersionArn"] = version.arn
        return response

    def describe_state_machine(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Describe a machine, a version of it, or what an alias stands for."""
        arn = parameters["stateMachineArn"]
        with self._lock:
            machine = self._machine(arn)
            revision, version_arn, _ = self._resolved(machine, arn)
            response: dict[str, Json] = {
                "stateMachineArn": arn,
                "name": machine.name,
                "status": "ACTIVE",
                "definition": revision.definition,
                "roleArn": revision.role_arn,
                "type": "EXPRESS" if machine.is_express else "STANDARD",
                "creationDate": machine.created,
                **revision.settings,
            }
            if revision.id is not None:
                response["revisionId"] = revision.id
            if version_arn is not None:
                version = machine.versions[int(version_arn.rsplit(":", 1)[1])]
                response["creationDate"] = version.created
                if version.description is not None:
                    response["description"] = version.description
        return response

    def list_state_machines(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """List the machines by name."""
        with self._lock:
            machines = [
                {
                    "stateMachineArn": machine.arn,
                    "name": machine.name,
                    "type": "EXPRESS" if machine.is_express else "STANDARD",
                    "creationDate": machine.created,
                }
                for machine in sorted(self._machines.values(), key=lambda m: m.name)
            ]
        return page(parameters, "stateMachines", machines)

    def delete_state_machine(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Delete a machine and end its executions; one that does not exist is no error."""
        arn = parameters["stateMachineArn"]
        with self._lock:
            existed = self._machines.pop(arn, None) is not None
        if existed:
            self._on_delete(arn)
        return {}

    def validate_state_machine_definition(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Say what is wrong with a definition."""
        found = findings(parameters["definition"], self._check_task)
        most = parameters.get("maxResults") or 100
        return {
            "result": "FAIL" if found else "OK",
            "diagnostics": [
                {
                    "severity": "ERROR",
                    "code": finding.code,
                    "message": finding.message,
                    "location": finding.location,
                }
                for finding in found[:most]
            ],
            "truncated": len(found) > most,
        }

    def publish_state_machine_version(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Publish the machine as it is; nothing new publishes nothing."""
        with self._lock:
            machine = self._exact(parameters["stateMachineArn"])
            wanted = parameters.get("revisionId")
            if wanted is not None and wanted != (machine.revision.id or "INITIAL"):
                raise ApiError(
                    "ConflictException",
                    "Failed to publish the State Machine version: the current State Machine "
                    f"revision is not {wanted}",
                )
            version = self._publish(machine, parameters.get("description"))
        return {"creationDate": version.created, "stateMachineVersionArn": version.arn}

    def list_state_machine_versions(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """List the versions of a machine, newest first."""
        with self._lock:
            versions = [
                {"stateMachineVersionArn": version.arn, "creationDate": version.created}
                for _, version in sorted(
                    self._exact(parameters["stateMachineArn"]).versions.items(), reverse=True
                )
            ]
        return page(parameters, "stateMachineVersions", versions)

    def delete_state_machine_version(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Delete a version that no alias stands for."""
        arn: str = parameters["stateMachineVersionArn"]
        with self._lock:
            machine = self._machines.get(arn.rsplit(":", 1)[0])
            if machine is not None:
                users = [
                    alias.name
                    for alias in machine.aliases.values()
                    if any(route["stateMachineVersionArn"] == arn for route in alias.routes)
                ]
                if users:
                    raise ApiError(
                        "ConflictException",
                        f"Version to be deleted is referenced by aliases: {', '.join(users)}",
                    )
                machine.versions.pop(int(arn.rsplit(":", 1)[1]), None)
        return {}

    def create_state_machine_alias(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Name one or two versions of a machine."""
        name = check_name(parameters["name"])
        routes = parameters["routingConfiguration"]
        with self._lock:
            machine = self._routed(routes)
            if name in machine.aliases:
                raise ApiError("ConflictException", f"the alias {name} exists: update it instead")
            now = self._clock.now()
            alias = Alias(
                arn=f"{machine.arn}:{name}",
                name=name,
                routes=routes,
                description=parameters.get("description"),
                created=now,
                updated=now,
            )
            machine.aliases[name] = alias
        return {"stateMachineAliasArn": alias.arn, "creationDate": alias.created}

    def update_state_machine_alias(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Let an alias stand for other versions."""
        with self._lock:
            alias = self._alias(parameters["stateMachineAliasArn"])
            if "routingConfiguration" in parameters:
                self._routed(parameters["routingConfiguration"])
                alias.routes = parameters["routingConfiguration"]
            alias.description = parameters.get("description", alias.description)
            alias.updated = self._clock.now()
        return {"updateDate": alias.updated}

    def describe_state_machine_alias(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Describe an alias."""
        with self._lock:
            alias = self._alias(parameters["stateMachineAliasArn"])
            response: dict[str, Json] = {
                "stateMachineAliasArn": alias.arn,
                "name": alias.name,
                "routingConfiguration": alias.routes,
                "creationDate": alias.created,
                "updateDate": alias.updated,
            }
            if alias.description is not None:
                response["description"] = alias.description
        return response

    def list_state_machine_aliases(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """List the aliases of a machine."""
        with self._lock:
            aliases = [
                {"stateMachineAliasArn": alias.arn, "creationDate": alias.created}
                for alias in self._machine(parameters["stateMachineArn"]).aliases.values()
            ]
        return page(parameters, "stateMachineAliases", aliases)

    def delete_state_machine_alias(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Delete an alias."""
        with self._lock:
            alias = self._alias(parameters["stateMachineAliasArn"])
            del self._machine(alias.arn).aliases[alias.name]
        return {}

    def exists(self, arn: str) -> bool:
        """Tell whether a machine, version or alias exists."""
        try:
            with self._lock:
                self._resolved(self._machine(arn), arn)
        except ApiError:
            return False
        return True

    def _revision(self, parameters: Mapping[str, Json]) -> Revision:
        if not _ROLE.fullmatch(parameters["roleArn"]):
            raise ApiError("InvalidArn", f"Invalid Role Arn: '{parameters['roleArn']}'")
        found = findings(parameters["definition"], self._check_task)
        if found:
            told = ", ".join(str(finding) for finding in found)
            raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{told}'")
        return Revision(
            definition=parameters["definition"],
            role_arn=parameters["roleArn"],
            settings={
                "loggingConfiguration": parameters.get(
                    "loggingConfiguration", {"level": "OFF", "includeExecutionData": False}
                ),
                "tracingConfiguration": parameters.get("tracingConfiguration", {"enabled": False}),
                "encryptionConfiguration": parameters.get(
                    "encryptionConfiguration", {"type": "AWS_OWNED_KEY"}
                ),
            },
        )

    def _publish(self, machine: Machine, description: str | None) -> Version:
        newest = machine.versions.get(machine.published)
        if newest is not None and newest.revision == machine.revision:
            return newest
        machine.published += 1
        version = Version(
            arn=f"{machine.arn}:{machine.published}",
            revision=machine.revision,
            description=description,
            created=self._clock.now(),
        )
        machine.versions[machine.published] = version
        return version

    def _machine(self, arn: str) -> Machine:
        """Return the machine of an ARN that may name a version or an alias of it."""
        base = ":".join(arn.split(":")[:7])
        if ":stateMachine:" not in arn:
            raise ApiError("InvalidArn", f"Invalid Arn: '{arn}'")
        if base not in self._machines:
            raise ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return self._machines[base]

    def _exact(self, arn: str) -> Machine:
        machine = self._machine(arn)
        if machine.arn != arn:
            raise ApiError("ValidationException", f"{arn} names a version or an alias")
        return machine

    def _alias(self, arn: str) -> Alias:
        try:
            return self._machine(arn).aliases[arn.rsplit(":", 1)[1]]
        except (ApiError, KeyError) as error:
            raise ApiError("ResourceNotFound", f"Alias Does Not Exist: '{arn}'") from error

    def _routed(self, routes: Json) -> Machine:
        """Return the machine whose versions a routing configuration names."""
        machines = {route["stateMachineVersionArn"].rsplit(":", 1)[0] for route in routes}
        if len(machines) != 1 or sum(route["weight"] for route in routes) != 100:  # noqa: PLR2004 - percent
            raise ApiError(
                "ValidationException",
                "a routing configuration names one or two versions of one machine, with weights "
                "that make 100",
            )
        machine = self._machine(machines.pop())
        for route in routes:
            self._resolved(machine, route["stateMachineVersionArn"])
        return machine

    def _resolved(self, machine: Machine, arn: str) -> tuple[Revision, str | None, str | None]:
        """Return the revision an ARN stands for, and the version's and the alias's ARN."""
        if arn == machine.arn:
            return machine.revision, None, None
        qualifier = arn.rsplit(":", 1)[1]
        if qualifier in machine.aliases:
            routes = machine.aliases[qualifier].routes
            chosen = random.choices(routes, [route["weight"] for route in routes])[0]
            version_arn = chosen["stateMachineVersionArn"]
            return self._resolved(machine, version_arn)[0], version_arn, arn
        if not qualifier.isdecimal() or int(qualifier) not in machine.versions:
            raise ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return machine.versions[int(qualifier)].revision, arn, None
