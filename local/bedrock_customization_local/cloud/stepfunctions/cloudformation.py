"""The CloudFormation resource `AWS::StepFunctions::StateMachine`, created through the API."""

import json
from collections.abc import Mapping
from typing import Final

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.stepfunctions.service import StepFunctions
from bedrock_customization_local.cloud.untyped import Json

_NAME_LIMIT: Final = 80
_SUFFIX: Final = 13
_CONFIGURATIONS: Final = ("LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")


class StateMachineResource:
    """A state machine of a stack, with the attributes moto's CloudFormation asks of a resource.

    Args:
        service: Where it lives.
        arn: Its ARN.
        tags: The tags the template gives it.
    """

    ATTRIBUTES: Final = frozenset({"Arn", "Name", "StateMachineRevisionId"})

    def __init__(self, service: StepFunctions, arn: str, tags: list[Json]) -> None:
        self._service = service
        self._tags = tags
        self.physical_resource_id = arn
        # Set by moto.
        self.cf_resource_type = ""
        self.logical_resource_id = ""

    @classmethod
    def create(
        cls, service: StepFunctions, account_id: str, generated_name: str, properties: Json
    ) -> "StateMachineResource":
        """Create a machine.

        Args:
            service: Where it shall live.
            account_id: The account of the stack.
            generated_name: Its name, if the template gives none.
            properties: The resource's properties.
        """
        name = properties.get("StateMachineName", _shortened(generated_name))
        tags = _camel_case(properties.get("Tags", []))
        created = service.call(
            "CreateStateMachine",
            {
                "name": name,
                "type": properties.get("StateMachineType", "STANDARD"),
                "tags": tags,
                **_parameters(account_id, service.region, properties),
            },
        )
        return cls(service, created["stateMachineArn"], tags)

    def update(
        self, account_id: str, generated_name: str, properties: Json
    ) -> "StateMachineResource":
        """Change the machine, or replace it if its name or type changes."""
        described = self._describe()
        name = properties.get("StateMachineName", described["name"])
        kind = properties.get("StateMachineType", "STANDARD")
        if (name, kind) != (described["name"], described["type"]):
            replacement = self.create(self._service, account_id, generated_name, properties)
            self.delete(account_id, self._service.region)
            return replacement
        arn = self.physical_resource_id
        self._service.call(
            "UpdateStateMachine",
            {"stateMachineArn": arn, **_parameters(account_id, self._service.region, properties)},
        )
        tags = _camel_case(properties.get("Tags", []))
        gone = {tag["key"] for tag in self._tags} - {tag["key"] for tag in tags}
        self._service.call("UntagResource", {"resourceArn": arn, "tagKeys": sorted(gone)})
        self._service.call("TagResource", {"resourceArn": arn, "tags": tags})
        self._tags = tags
        return self

    def delete(self, _account_id: str, _region_name: str) -> None:
        """Delete the machine."""
        self._service.call("DeleteStateMachine", {"stateMachineArn": self.physical_resource_id})

    def is_created(self) -> bool:
        """Tell moto that nothing needs to be waited for."""
        return True

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return what `Fn::GetAtt` names.

        Raises:
            UnformattedGetAttTemplateException: There is no such attribute.
        """
        if attribute_name == "Arn":
            return self.physical_resource_id
        if attribute_name == "Name":
            return str(self._describe()["name"])
        if attribute_name == "StateMachineRevisionId":
            return str(self._describe().get("revisionId", "INITIAL"))
        raise UnformattedGetAttTemplateException

    def _describe(self) -> dict[str, Json]:
        arn = self.physical_resource_id
        return self._service.call("DescribeStateMachine", {"stateMachineArn": arn})


def _parameters(account_id: str, region: str, properties: Mapping[str, Json]) -> dict[str, Json]:
    parameters: dict[str, Json] = {
        "definition": _definition(account_id, region, properties),
        "roleArn": properties["RoleArn"],
    }
    for name in _CONFIGURATIONS:
        if name in properties:
            parameters[name[0].lower() + name[1:]] = _camel_case(properties[name])
    return parameters


def _definition(account_id: str, region: str, properties: Mapping[str, Json]) -> str:
    if "DefinitionString" in properties:
        text: str = properties["DefinitionString"]
    elif "Definition" in properties:
        text = dump(properties["Definition"])
    else:
        place = properties["DefinitionS3Location"]
        # Straight from moto's S3: CloudFormation reads it as the deployer, not as the machine.
        store = s3_backends[account_id][get_partition(region)]
        found = store.get_object(place["Bucket"], place["Key"], version_id=place.get("Version"))
        text = json.dumps(json.loads(found.value))
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{name}}}", _substitute(value))
    return text


def _substitute(value: Json) -> str:
    return value if isinstance(value, str) else dump(value)


def _camel_case(value: Json) -> Json:
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: _camel_case(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_camel_case(item) for item in value]
    # Templates may write booleans as text.
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _shortened(name: str) -> str:
    if len(name) <= _NAME_LIMIT:
        return name
    return name[: _NAME_LIMIT - _SUFFIX] + name[-_SUFFIX:]
