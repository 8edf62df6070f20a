"""Change sets: how every stack is created and updated, here as by the CDK."""

from collections.abc import Mapping

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack

from bedrock_customization_local.cloud.deploy.provisioner import Provisioner
from bedrock_customization_local.cloud.deploy.resources import ClientFactory


class ChangeSetNotFound(CloudFormationError):  # noqa: N818 - the API's name
    """No change set of that name belongs to the stack."""

    code = "ChangeSetNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(f"ChangeSet [{name}] does not exist")


def find_change_set(backend: CloudFormationBackend, name: str, stack_name: str | None) -> ChangeSet:
    """Find a change set.

    Args:
        backend: moto's CloudFormation.
        name: The change set's ARN, or its name in the stack.
        stack_name: The stack's name or ARN.

    Raises:
        ChangeSetNotFound: There is none.
    """
    for change_set in backend.change_sets.values():
        if change_set.change_set_id == name:
            return change_set
        belongs = stack_name in (change_set.stack_name, change_set.stack_id)
        if belongs and change_set.change_set_name == name:
            return change_set
    raise ChangeSetNotFound(name)


def list_change_sets(backend: CloudFormationBackend, stack: Stack) -> list[ChangeSet]:
    """Return the change sets of a stack."""
    change_sets = backend.change_sets.values()
    return [change_set for change_set in change_sets if change_set.stack_id == stack.stack_id]


def implicit_change_set(
    backend: CloudFormationBackend,
    kind: str,
    *,
    name: str,
    template: str,
    parameters: Mapping[str, str],
    tags: Mapping[str, str] | None = None,
    **_not_emulated: object,
) -> ChangeSet:
    """Make the change set for a stack that is created or updated without one.

    Args:
        backend: moto's CloudFormation.
        kind: `CREATE` or `UPDATE`.
        name: The stack's name.
        template: The new template.
        parameters: Its parameters.
        tags: The stack's tags.
        **_not_emulated: The other parameters of CreateStack and UpdateStack.
    """
    change_set_id, _ = backend.create_change_set(
        stack_name=name,
        change_set_name="direct",
        template=template,
        parameters=parameters,
        description="",
        change_set_type=kind,
        tags=tags,
    )
    return backend.change_sets.pop(change_set_id)


def execute(backend: CloudFormationBackend, change_set: ChangeSet, client: ClientFactory) -> None:
    """Bring the change set's stack in line with its template.

    Args:
        backend: moto's CloudFormation.
        change_set: What to execute; its stack's status and events tell how it went.
        client: Makes the clients that resources are created through.
    """
    change_set.execution_status = "EXECUTE_COMPLETE"
    if change_set.tags:
        change_set.stack.tags = change_set.tags
    provisioner = Provisioner(backend, change_set.stack, client)
    if change_set.change_set_type == "CREATE":
        provisioner.create(change_set.template, change_set.parameters)
    else:
        provisioner.update(change_set.template, change_set.parameters)
