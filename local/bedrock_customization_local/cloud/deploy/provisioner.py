"""Create, update and delete a stack's resources, in order, as CloudFormation does.

moto resolves a template's parameters, conditions and intrinsic functions. This takes over where
moto creates resources in whatever order they are mentioned, leaves out those that it cannot
create, and calls the stack complete.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Event, Stack

from bedrock_customization_local.cloud.deploy.moto_resource import MotoResource, moto_model
from bedrock_customization_local.cloud.deploy.resources import (
    RESOURCE_TYPES,
    ClientFactory,
    Resource,
    StackScope,
)

Declaration: TypeAlias = Mapping[str, Any]
"""A resource as the template declares it: `Type`, `Properties`, `DependsOn`, ..."""

_SUBSTITUTION = re.compile(r"\$\{([^!][^}.]*)")


class ProvisioningError(Exception):
    """A resource of a stack could not be created or changed."""


def unsupported_types(template: Mapping[str, Any]) -> set[str]:
    """Return the resource types of a template that the embedded AWS cannot create."""
    types = {declaration["Type"] for declaration in template["Resources"].values()}
    return {name for name in types if name not in RESOURCE_TYPES and moto_model(name) is None}


class Provisioner:
    """Brings one stack in line with a template.

    Args:
        backend: moto's CloudFormation, for the exports of all stacks.
        stack: moto's stack, whose resources, outputs, events and status change here.
        client: Makes the clients that resources are created through.
    """

    def __init__(self, backend: CloudFormationBackend, stack: Stack, client: ClientFactory) -> None:
        self._backend = backend
        self._stack = stack
        self._scope = StackScope(
            client=client,
            stack_name=stack.name,
            stack_id=stack.stack_id,
            region=stack.region_name,
            account_id=stack.account_id,
        )

    def create(self, template: str, parameters: Mapping[str, str]) -> None:
        """Create the resources; on failure delete those that were made."""
        self._report("CREATE_IN_PROGRESS", "User Initiated")
        try:
            self._load(template, parameters)
            self._converge("CREATE")
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the stack's failure
            self._report("ROLLBACK_IN_PROGRESS", _reason(error))
            gone = self._delete_all()
            self._report("ROLLBACK_COMPLETE" if gone else "ROLLBACK_FAILED")
        else:
            self._report("CREATE_COMPLETE")

    def update(self, template: str, parameters: Mapping[str, str]) -> None:
        """Change the resources; on failure go back to the previous template."""
        previous = self._stack.template, self._stack.parameters
        self._report("UPDATE_IN_PROGRESS", "User Initiated")
        try:
            self._load(template, parameters)
            self._converge("UPDATE")
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the stack's failure
            self._report("UPDATE_ROLLBACK_IN_PROGRESS", _reason(error))
            self._go_back(*previous)
        else:
            self._report("UPDATE_COMPLETE")

    def delete(self) -> bool:
        """Delete the resources but those to retain; return whether all others went."""
        self._report("DELETE_IN_PROGRESS", "User Initiated")
        gone = self._delete_all()
        self._report("DELETE_COMPLETE" if gone else "DELETE_FAILED")
        return gone

    def _go_back(self, template: str, parameters: Mapping[str, str]) -> None:
        try:
            self._load(template, parameters)
            self._converge("UPDATE")
        except Exception as error:  # noqa: BLE001 - as in update
            self._report("UPDATE_ROLLBACK_FAILED", _reason(error))
        else:
            self._report("UPDATE_ROLLBACK_COMPLETE")

    def _load(self, template: str, parameters: Mapping[str, str]) -> None:
        """Hand the template to moto, which resolves parameters and conditions."""
        # ruff: noqa: SLF001 - moto keeps a stack's template and resources in private attributes
        stack, resources = self._stack, self._stack.resource_map
        stack.template = template
        stack._parse_template()
        stack.description = stack.template_dict.get("Description")
        stack.parameters = dict(parameters)
        for name in resources.resolved_parameters:
            self._standing.pop(name, None)
        resources._template = stack.template_dict
        resources._resource_json_map = stack.template_dict["Resources"]
        resources.input_parameters = stack.parameters
        resources.resolved_parameters = {}
        resources.cross_stack_resources = self._backend.exports
        resources.load_mapping()
        resources.load_parameters()
        resources.load_conditions()

    def _converge(self, action: str) -> None:
        """Create and change in dependency order, then delete what is no longer wanted."""
        declared: Mapping[str, Declaration] = self._stack.template_dict["Resources"]
        wanted = [name for name in _in_dependency_order(declared) if self._holds(declared[name])]
        stale = [r for r in self._resources() if r.logical_resource_id not in wanted]
        superseded: list[Resource] = []
        for name in wanted:
            try:
                superseded.extend(self._bring_about(name, declared[name]))
            except Exception as error:
                kind, reason = declared[name]["Type"], _reason(error)
                self._event(name, "", kind, f"{action}_FAILED", reason)
                raise ProvisioningError(f"{name} ({kind}): {reason}") from error
            self._standing[name] = self._standing.pop(name)  # the order to delete in, reversed
        self._publish_outputs()
        # CloudFormation's clean-up phase: what refuses to go is reported and left behind.
        for resource in reversed(superseded):
            if resource.update_replace_policy == "Delete":
                self._delete(resource)
        for resource in reversed(stale):
            self._remove(resource)

    def _bring_about(self, name: str, declaration: Declaration) -> Iterator[Resource]:
        """Make one resource what it should be; yield the one that it replaces."""
        kind = declaration["Type"]
        properties = parsing.clean_json(declaration.get("Properties", {}), self._stack.resource_map)
        existing = self._standing.get(name)
        if existing is None:
            self._create(name, kind, properties)
        elif existing.cf_resource_type != kind or existing.needs_replacement(properties):
            self._create(name, kind, properties)
            yield existing
        elif existing.properties != properties:
            self._event(name, existing.physical_resource_id, kind, "UPDATE_IN_PROGRESS")
            before, existing.properties = existing.properties, properties
            try:
                existing.update()
            except Exception:
                existing.properties = before
                raise
            self._event(name, existing.physical_resource_id, kind, "UPDATE_COMPLETE")
        resource = self._standing[name]
        resource.deletion_policy = declaration.get("DeletionPolicy", "Delete")
        resource.update_replace_policy = declaration.get("UpdateReplacePolicy", "Delete")

    def _create(self, name: str, kind: str, properties: Mapping[str, Any]) -> None:
        self._event(name, "", kind, "CREATE_IN_PROGRESS")
        make = RESOURCE_TYPES.get(kind)
        resource = (
            MotoResource(
                kind=kind, logical_resource_id=name, properties=properties, scope=self._scope
            )
            if make is None
            else make(logical_resource_id=name, properties=properties, scope=self._scope)
        )
        try:
            resource.create()
        except Exception:
            if resource.physical_resource_id:  # made, but not as the template says
                self._delete(resource)
            raise
        self._standing[name] = resource
        self._event(name, resource.physical_resource_id, kind, "CREATE_COMPLETE")

    def _delete_all(self) -> bool:
        left = [r for r in reversed(self._resources()) if not self._remove(r)]
        return not left

    def _remove(self, resource: Resource) -> bool:
        """Take a resource out of the stack; return False if it could not be deleted."""
        if resource.deletion_policy in ("Delete", "RetainExceptOnCreate"):
            if not self._delete(resource):
                return False
        else:
            self._event_of(resource, "DELETE_SKIPPED")
        del self._standing[resource.logical_resource_id]
        return True

    def _delete(self, resource: Resource) -> bool:
        self._event_of(resource, "DELETE_IN_PROGRESS")
        try:
            resource.delete()
        except Exception as error:  # noqa: BLE001 - the event carries it, the others go on
            self._event_of(resource, "DELETE_FAILED", _reason(error))
            return False
        self._event_of(resource, "DELETE_COMPLETE")
        return True

    def _publish_outputs(self) -> None:
        """Resolve the outputs and make the exported ones known to other stacks."""
        stack, exports = self._stack, self._backend.exports
        stack.output_map = stack._create_output_map()
        for name in [n for n, e in exports.items() if e.exporting_stack_id == stack.stack_id]:
            del exports[name]
        for export in stack.exports:
            if export.name in exports:
                raise ProvisioningError(f"export {export.name} exists in another stack")
            exports[export.name] = export
        for output in stack.output_map.values():
            if output is not None and output.value is None:
                raise ProvisioningError(f"output {output.key} has no value")

    @property
    def _standing(self) -> dict[str, Any]:
        """What `Ref` finds: moto's map of pseudo parameters, parameters and resources."""
        parsed: dict[str, Any] = self._stack.resource_map._parsed_resources
        return parsed

    def _resources(self) -> list[Resource]:
        return [item for item in self._standing.values() if isinstance(item, Resource)]

    def _holds(self, declaration: Declaration) -> bool:
        condition = declaration.get("Condition")
        return condition is None or bool(self._stack.resource_map.lazy_condition_map[condition])

    def _event_of(self, resource: Resource, status: str, reason: str | None = None) -> None:
        self._event(
            resource.logical_resource_id,
            resource.physical_resource_id,
            resource.cf_resource_type,
            status,
            reason,
        )

    def _event(
        self, name: str, physical_id: str, kind: str, status: str, reason: str | None = None
    ) -> None:
        event = Event(
            stack_id=self._stack.stack_id,
            stack_name=self._stack.name,
            logical_resource_id=name,
            physical_resource_id=physical_id,
            resource_type=kind,
            resource_status=status,
            resource_status_reason=reason,
            resource_properties=None,
        )
        self._stack.events.append(event)

    def _report(self, status: str, reason: str | None = None) -> None:
        self._stack.status = status
        self._stack._add_stack_event(status, resource_status_reason=reason)


def _in_dependency_order(declared: Mapping[str, Declaration]) -> list[str]:
    graph = {
        name: [other for other in _references(declaration) if other in declared and other != name]
        for name, declaration in declared.items()
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = ", ".join(error.args[1])
        raise ValidationError(
            message=f"Circular dependency between resources: [{cycle}]"
        ) from error


def _references(declaration: Declaration) -> Iterator[str]:
    depends_on = declaration.get("DependsOn", [])
    yield from [depends_on] if isinstance(depends_on, str) else depends_on
    yield from _references_in(declaration.get("Properties", {}))


def _references_in(value: object) -> Iterator[str]:
    """Find every `Ref`, `Fn::GetAtt` and `${...}` in a piece of a template."""
    if isinstance(value, Mapping):
        match value:
            case {"Ref": str(name)}:
                yield name
            case {"Fn::GetAtt": [str(name), *_]}:
                yield name
            case {"Fn::Sub": str(text) | [str(text), *_]}:
                yield from _SUBSTITUTION.findall(text)
        children: Iterable[object] = value.values()
    else:
        children = value if isinstance(value, list) else ()
    for child in children:
        yield from _references_in(child)


def _reason(error: Exception) -> str:
    """Say what went wrong as CloudFormation says it."""
    if isinstance(error, ClientError):
        fault = error.response["Error"]
        return f"{fault.get('Message', '')} ({error.operation_name}, {fault.get('Code', '')})"
    if isinstance(error, KeyError):
        return f"unresolved reference or missing property {json.dumps(str(error.args[0]))}"
    return str(error) or type(error).__name__
