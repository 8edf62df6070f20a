"""Resources that moto's own CloudFormation models create.

The pipeline's stacks need none of them but the state machine, whose model the Step Functions
package replaces. They let a bigger app's stack come up; how completely, is up to moto.
"""

from typing import Any

from moto.cloudformation import parsing

from bedrock_customization_local.cloud.deploy.resources import Properties, Resource, StackScope
from bedrock_customization_local.cloud.untyped import Moto


def moto_model(kind: str) -> Moto | None:
    """Return moto's model of a resource type, or None if it has none."""
    return parsing.get_model_map().get(kind)


class MotoResource(Resource):
    """A resource made by moto's model of its type.

    Args:
        kind: The CloudFormation type.
        logical_resource_id: The resource's id in the template.
        properties: Its resolved properties.
        scope: The stack it belongs to.
    """

    def __init__(
        self, *, kind: str, logical_resource_id: str, properties: Properties, scope: StackScope
    ) -> None:
        super().__init__(
            logical_resource_id=logical_resource_id, properties=properties, scope=scope
        )
        self.cf_resource_type = kind
        self._model: Any = moto_model(kind)
        self._made: Any = None

    def create(self) -> None:
        """Let moto create it."""
        made = self._model.create_from_cloudformation_json(
            self._name(),
            self._declaration(),
            self.scope.account_id,
            self.scope.region,
            LogicalId=self.logical_resource_id,
            StackId=self.scope.stack_id,
            ResourceType=self.cf_resource_type,
        )
        self._keep(made)

    def update(self) -> None:
        """Let moto update it.

        Raises:
            NotImplementedError: moto's model cannot.
        """
        update = self._model.update_from_cloudformation_json
        if hasattr(update, "__isabstractmethod__"):
            raise NotImplementedError(f"updating {self.cf_resource_type} is not emulated")
        self._keep(
            update(
                original_resource=self._made,
                new_resource_name=self._name(),
                cloudformation_json=self._declaration(),
                account_id=self.scope.account_id,
                region_name=self.scope.region,
            )
        )

    def delete(self) -> None:
        """Let moto delete it."""
        account, region = self.scope.account_id, self.scope.region
        delete = self._model.delete_from_cloudformation_json
        if hasattr(delete, "__isabstractmethod__"):
            self._made.delete(account, region)
        else:
            delete(self.physical_resource_id, self._declaration(), account, region)

    def get_cfn_attribute(self, name: str) -> object:
        """Return what moto's resource gives for `Fn::GetAtt`."""
        return self._made.get_cfn_attribute(name)

    def is_created(self) -> bool:
        """Return whether moto's resource is there."""
        return bool(self._made.is_created())

    def _keep(self, made: Moto) -> None:
        made.logical_resource_id, made.cf_resource_type = (
            self.logical_resource_id,
            self.cf_resource_type,
        )
        self._made = made
        self.physical_resource_id = made.physical_resource_id

    def _declaration(self) -> dict[str, Any]:
        return {"Type": self.cf_resource_type, "Properties": dict(self.properties)}

    def _name(self) -> str:
        """Return the name that the template gives, what it has, or a new one."""
        return str(
            self.properties.get(self._model.cloudformation_name_type() or "")
            or (self._made and self.physical_resource_id)
            or parsing.generate_resource_name(
                self.cf_resource_type, self.scope.stack_name, self.logical_resource_id
            )
        )
