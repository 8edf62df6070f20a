"""What the embedded AWS works around in moto's CloudFormation: stacks, change sets, templates."""

# ruff: noqa: SLF001 - moto has no public way to reach what is wrong in it

import functools
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from moto.cloudformation import models as cloudformation, parsing, responses
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.core.responses import ActionResult, EmptyResult
from moto.s3.models import s3_backends

from bedrock_customization_local.cloud.deploy.change_sets import (
    ChangeSetNotFound,
    execute,
    find_change_set,
    implicit_change_set,
    list_change_sets,
)
from bedrock_customization_local.cloud.deploy.provisioner import Provisioner, unsupported_types
from bedrock_customization_local.cloud.moto_patches.replacing import Patches
from bedrock_customization_local.cloud.untyped import Json, Moto


def provisions_through_the_services(patches: Patches) -> None:
    """Let `Provisioner` create and update resources.

    moto creates resources in the order in which they are mentioned, skips the types it has no
    model of (their `Ref` is None), drops properties of those it has, never sets the outputs of a
    change set, updates without regard to dependencies, and answers a failure with an error 500
    and a stack that stays as it is. Asking for a resource that failed creates it again.
    """

    def execute_change_set(
        self: cloudformation.CloudFormationBackend,
        change_set_name: str,
        stack_name: str | None = None,
    ) -> None:
        execute(self, find_change_set(self, change_set_name, stack_name), patches.client)

    def create_stack(
        self: cloudformation.CloudFormationBackend, **parameters: Moto
    ) -> cloudformation.Stack:
        if any(stack.name == parameters["name"] for stack in self.stacks.values()):
            raise AlreadyExistsException(f"Stack [{parameters['name']}] already exists")
        change_set = implicit_change_set(self, "CREATE", **parameters)
        execute(self, change_set, patches.client)
        return change_set.stack

    def update_stack(
        self: cloudformation.CloudFormationBackend, **parameters: Moto
    ) -> cloudformation.Stack:
        stack = self.get_stack(parameters["name"])
        incoming = self._resolve_update_parameters(stack, parameters.pop("parameters"))
        change_set = implicit_change_set(self, "UPDATE", parameters=incoming, **parameters)
        if change_set.status == "FAILED":
            raise ValidationError(message="No updates are to be performed.")
        execute(self, change_set, patches.client)
        return stack

    def look_up(self: parsing.ResourceMap, key: str) -> object:
        return self._parsed_resources[key]

    backend = cloudformation.CloudFormationBackend
    patches.replace(backend, "execute_change_set", execute_change_set)
    patches.replace(backend, "create_stack", create_stack)
    patches.replace(backend, "update_stack", update_stack)
    patches.replace(parsing.ResourceMap, "__getitem__", look_up)


def deletes_in_reverse_order(patches: Patches) -> None:
    """Delete what depends on a resource before it, and keep the stack if something stays.

    moto deletes in any order, five times over, forgets the stack first, and answers with an error
    500 if something could not be deleted.
    """

    def delete_stack(self: cloudformation.CloudFormationBackend, name_or_stack_id: str) -> None:
        named = [s for s in self.stacks.values() if name_or_stack_id in (s.name, s.stack_id)]
        for stack in named:  # as AWS: deleting what is not there succeeds
            if not Provisioner(self, stack, patches.client).delete():
                continue
            exports = self.exports.items()
            for name in [n for n, e in exports if e.exporting_stack_id == stack.stack_id]:
                del self.exports[name]
            for change_set in list_change_sets(self, stack):
                del self.change_sets[change_set.change_set_id]
            self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)

    patches.replace(cloudformation.CloudFormationBackend, "delete_stack", delete_stack)


def reads_json_as_json(patches: Patches) -> None:
    """Parse a JSON template as JSON.

    moto parses it as YAML, where an escaped character beyond 16 bits becomes two halves, and which
    takes 0.2 s for 100 KB, four times over.
    """
    original = cloudformation.Stack.parse_template

    def parse_template(template: str) -> object:
        try:
            return json.loads(template)
        except ValueError:
            return original(template)

    def parse_change_set(self: cloudformation.ChangeSet) -> None:
        self.template_dict = parse_template(self.template)

    patches.replace(cloudformation.Stack, "parse_template", staticmethod(parse_template))
    patches.replace(cloudformation.ChangeSet, "_parse_template", parse_change_set)


def refuses_what_it_cannot_create(patches: Patches) -> None:
    """Refuse a template with resource types that nothing here creates, by their names.

    moto warns in its log and leaves them out of the stack.
    """
    original = cloudformation.CloudFormationBackend.create_change_set

    @functools.wraps(original)
    def create_change_set(
        self: cloudformation.CloudFormationBackend, **parameters: Moto
    ) -> tuple[str, str]:
        template = cloudformation.Stack.parse_template(parameters["template"])
        unsupported = unsupported_types(template)
        if unsupported:
            raise ValidationError(
                message="the embedded AWS does not emulate these resource types: "
                + ", ".join(sorted(unsupported))
            )
        made: tuple[str, str] = original(self, **parameters)
        return made

    patches.replace(cloudformation.CloudFormationBackend, "create_change_set", create_change_set)


def intrinsics_fail_closed(patches: Patches) -> None:
    """Fail on an attribute that is not emulated, and leave `AWS::NoValue` out of lists.

    moto logs a warning and puts the unresolved `Fn::GetAtt` into the property, and gives lists a
    null for each `AWS::NoValue`.
    """
    original = parsing.clean_json

    @functools.wraps(original)
    def clean_json(value: Json, resources: Moto) -> Json:
        if isinstance(value, list):
            cleaned = (clean_json(item, resources) for item in value)
            return [item for item in cleaned if item is not None]
        if isinstance(value, dict) and "Fn::GetAtt" in value:
            target = value["Fn::GetAtt"]
            name, attribute = target.split(".", 1) if isinstance(target, str) else target
            return resources[name].get_cfn_attribute(attribute)
        return original(value, resources)

    patches.replace(parsing, "clean_json", clean_json)


def change_sets_belong_to_a_stack(patches: Patches) -> None:
    """Find a change set by its stack and name, and say `ChangeSetNotFound` when there is none.

    moto looks for the name in all stacks, and the CDK gives it the same one in each; it answers a
    missing one with `ValidationError`, which the CDK retries for 47 s, and its deletion with an
    error 500. A second change set that would create a stack makes a second stack of that name.
    """

    def describe_change_set(self: responses.CloudFormationResponse) -> ActionResult:
        backend = self.cloudformation_backend
        name, stack = self._get_param("ChangeSetName"), self._get_param("StackName")
        return ActionResult(find_change_set(backend, name, stack))

    def delete_change_set(self: responses.CloudFormationResponse) -> EmptyResult:
        backend = self.cloudformation_backend
        name, stack = self._get_param("ChangeSetName"), self._get_param("StackName")
        with suppress(ChangeSetNotFound):  # as AWS: deleting what is not there succeeds
            del backend.change_sets[find_change_set(backend, name, stack).change_set_id]
        return EmptyResult()

    original = cloudformation.CloudFormationBackend.create_change_set

    @functools.wraps(original)
    def create_change_set(
        self: cloudformation.CloudFormationBackend, **parameters: Moto
    ) -> tuple[str, str]:
        for stack in [s for s in self.stacks.values() if s.name == parameters["stack_name"]]:
            if stack.status == "REVIEW_IN_PROGRESS":
                for change_set in list_change_sets(self, stack):
                    del self.change_sets[change_set.change_set_id]
                del self.stacks[stack.stack_id]
            elif parameters["change_set_type"] == "CREATE":
                raise ValidationError(message=f"Stack [{stack.name}] already exists")
            elif stack.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
                raise ValidationError(
                    message=f"Stack:{stack.stack_id} is in {stack.status} state "
                    "and can not be updated."
                )
        made: tuple[str, str] = original(self, **parameters)
        return made

    patches.replace(responses.CloudFormationResponse, "describe_change_set", describe_change_set)
    patches.replace(responses.CloudFormationResponse, "delete_change_set", delete_change_set)
    patches.replace(cloudformation.CloudFormationBackend, "create_change_set", create_change_set)


def compares_parameters_as_they_were_given(patches: Patches) -> None:
    """Take `UsePreviousValue` and "nothing changed" from what was given, not what it resolved to.

    A parameter of an SSM type is given a name and resolves to a value; moto resolves that value
    again as if it were a name, and sees a change where there is none.
    """

    def given(stack: cloudformation.Stack, parameters: Mapping[str, str]) -> dict[str, Any]:
        declared = stack.template_dict.get("Parameters", {})
        return {name: parameters.get(name, d.get("Default")) for name, d in declared.items()}

    def has_parameters(self: cloudformation.Stack, other: Mapping[str, str]) -> bool:
        return given(self, self.parameters) == given(self, other)

    patches.replace(
        cloudformation.Stack,
        "stack_parameters",
        property(lambda stack: given(stack, stack.parameters)),
    )
    patches.replace(cloudformation.Stack, "has_parameters", has_parameters)


def names_a_missing_ssm_parameter(patches: Patches) -> None:
    """Say which parameter of Systems Manager a template asks for in vain; moto has an error 500."""
    original = parsing.ResourceMap.parse_ssm_parameter

    def parse_ssm_parameter(self: parsing.ResourceMap, value: str, value_type: str) -> Json:
        backend = parsing.ssm_backends[self._account_id][self._region_name]
        if backend.get_parameter(value) is None:
            raise ValidationError(
                message=f"Unable to fetch parameters [{value}] from parameter store "
                "for this account."
            )
        return original(self, value, value_type)

    patches.replace(parsing.ResourceMap, "parse_ssm_parameter", parse_ssm_parameter)


def reads_templates_from_loopback(patches: Patches) -> None:
    """Read a `TemplateURL` of this plane by its path; moto does so for `localhost` only."""
    original = responses.get_stack_from_s3_url

    def get_stack_from_s3_url(template_url: str, account_id: str, partition: str) -> Moto:
        url = urlsplit(template_url)
        if url.hostname not in ("127.0.0.1", "localhost"):
            return original(template_url, account_id, partition)
        bucket, key = unquote(url.path).lstrip("/").split("/", 1)
        return s3_backends[account_id][partition].get_object(bucket, key).value.decode()

    patches.replace(responses, "get_stack_from_s3_url", get_stack_from_s3_url)
    patches.replace(cloudformation, "get_stack_from_s3_url", get_stack_from_s3_url)


def lists_only_what_exists(patches: Patches) -> None:
    """List the resources that exist; moto lists those under a false condition too, as nothing."""

    def stack_resources(stack: cloudformation.Stack) -> list[object]:
        parsed = stack.resource_map._parsed_resources
        return [parsed[name] for name in stack.resource_map.resources if name in parsed]

    patches.replace(cloudformation.Stack, "stack_resources", property(stack_resources))


PATCHES = (
    provisions_through_the_services,
    deletes_in_reverse_order,
    reads_json_as_json,
    refuses_what_it_cannot_create,
    intrinsics_fail_closed,
    change_sets_belong_to_a_stack,
    compares_parameters_as_they_were_given,
    names_a_missing_ssm_parameter,
    reads_templates_from_loopback,
    lists_only_what_exists,
)
