"""Puts our Step Functions where moto's is: its API, and its CloudFormation resource.

Written against moto 5.2.5.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.responses import StepFunctionResponse

from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.stepfunctions.cloudformation import StateMachineResource
from bedrock_customization_local.cloud.stepfunctions.service import StepFunctions
from bedrock_customization_local.cloud.untyped import Json

if TYPE_CHECKING:
    from moto.core.common_types import TYPE_RESPONSE

_ABSENT: Final = object()


@contextmanager
def install(service: StepFunctions) -> Iterator[None]:
    """Let moto's `stepfunctions` API and `AWS::StepFunctions::StateMachine` be ours.

    Args:
        service: What answers from now on, until the context ends.
    """
    undo = [
        _replace(StepFunctionResponse, "call_action", _answer_with(service)),
        *_resource_of(service),
    ]
    try:
        yield
    finally:
        for restore in reversed(undo):
            restore()


def _replace(owner: type, name: str, value: object) -> Callable[[], None]:
    """Set an attribute of a class; the returned function puts back what was there."""
    original = vars(owner).get(name, _ABSENT)
    setattr(owner, name, value)

    def restore() -> None:
        if original is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, original)

    return restore


def _answer_with(service: StepFunctions) -> "Callable[[StepFunctionResponse], TYPE_RESPONSE]":
    """Answer every request of the API: moto parses it and writes the answer, we do the work."""

    def call_action(response: StepFunctionResponse) -> "TYPE_RESPONSE":
        parameters = json.loads(response.body or "{}")
        try:
            result = ActionResult(service.call(response._get_action(), parameters))  # noqa: SLF001 - moto has no public name for it
            status, headers, body = response.serialized(result)
        except ApiError as error:
            status, headers, body = response.serialized(ActionResult(error))
            headers["status"] = str(status)
        return status, headers, body

    return call_action


def _resource_of(service: StepFunctions) -> list[Callable[[], None]]:
    """Let CloudFormation create, update and delete state machines through the API.

    moto's own class keeps them in a backend that runs nothing, and drops DefinitionS3Location,
    DefinitionSubstitutions and StateMachineType.
    """

    def create(
        _cls: type,
        resource_name: str,
        cloudformation_json: Mapping[str, Json],
        account_id: str,
        region_name: str,
        **_details: str,
    ) -> StateMachineResource:
        properties = cloudformation_json.get("Properties", {})
        return StateMachineResource.create(service, account_id, resource_name, properties)

    def update(
        _cls: type,
        original_resource: StateMachineResource,
        new_resource_name: str,
        cloudformation_json: Mapping[str, Json],
        account_id: str,
        region_name: str,
    ) -> StateMachineResource:
        properties = cloudformation_json.get("Properties", {})
        return original_resource.update(account_id, new_resource_name, properties)

    def delete(
        _cls: type,
        resource_name: str,
        cloudformation_json: Mapping[str, Json],
        account_id: str,
        region_name: str,
    ) -> None:
        service.call("DeleteStateMachine", {"stateMachineArn": resource_name})

    def has_attribute(_cls: type, attr: str) -> bool:
        return attr in StateMachineResource.ATTRIBUTES

    replaced = {
        "create_from_cloudformation_json": create,
        "update_from_cloudformation_json": update,
        "delete_from_cloudformation_json": delete,
        "has_cfn_attr": has_attribute,
    }
    return [
        _replace(StateMachine, name, classmethod(new))  # type: ignore[arg-type] # the signatures differ
        for name, new in replaced.items()
    ]
