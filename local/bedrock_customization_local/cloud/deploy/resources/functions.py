"""The types of Lambda: functions, their versions, permissions, addresses and layers."""

import io
import zipfile
from typing import Any

from bedrock_customization_local.cloud.deploy.resources._base import (
    PutResource,
    ReplacedResource,
    Resource,
    tag_map,
)


class Function(Resource):
    """A Lambda function."""

    cf_resource_type = "AWS::Lambda::Function"
    service = "lambda"
    immutable = frozenset({"FunctionName", "PackageType"})
    _OWN_CALLS = ("Code", "FunctionName", "KmsKeyArn", "ReservedConcurrentExecutions", "Tags")

    def create(self) -> None:
        """Create the function."""
        name = self.named("FunctionName", limit=64)
        function = self.client.create_function(
            FunctionName=name, Code=self._code(), Tags=tag_map(self.properties), **self._settings()
        )
        self.physical_resource_id = name
        self.attributes = {"Arn": function["FunctionArn"]}
        self._reserve_concurrency()

    def update(self) -> None:
        """Update code, then configuration."""
        name = {"FunctionName": self.physical_resource_id}
        settings = self._settings()
        architectures = settings.pop("Architectures", None)
        code = self._code()
        if architectures:
            code["Architectures"] = architectures
        self.client.update_function_code(**name, **code)
        self.client.update_function_configuration(**name, **settings)
        self.client.tag_resource(Resource=self.attributes["Arn"], Tags=tag_map(self.properties))
        self._reserve_concurrency()

    def delete(self) -> None:
        """Delete it with all its versions."""
        self.client.delete_function(FunctionName=self.physical_resource_id)

    def _settings(self) -> dict[str, Any]:
        settings = self.without(*self._OWN_CALLS)
        if "KmsKeyArn" in self.properties:
            settings["KMSKeyArn"] = self.properties["KmsKeyArn"]
        return settings

    def _code(self) -> dict[str, Any]:
        code = dict(self.properties["Code"])
        if "ZipFile" in code:  # a template holds the source, the API wants an archive
            code["ZipFile"] = _archive(code["ZipFile"], self.properties.get("Runtime", ""))
        return code

    def _reserve_concurrency(self) -> None:
        name = {"FunctionName": self.physical_resource_id}
        reserved = self.properties.get("ReservedConcurrentExecutions")
        if reserved is None:
            self.client.delete_function_concurrency(**name)
        else:
            self.client.put_function_concurrency(**name, ReservedConcurrentExecutions=reserved)


class Version(ReplacedResource):
    """A published version of a function."""

    cf_resource_type = "AWS::Lambda::Version"
    service = "lambda"

    def create(self) -> None:
        """Publish it."""
        version = self.client.publish_version(**self.properties)
        self.physical_resource_id = version["FunctionArn"]
        self.attributes = {"FunctionArn": version["FunctionArn"], "Version": version["Version"]}

    def delete(self) -> None:
        """Delete this version only."""
        self.client.delete_function(
            FunctionName=self.properties["FunctionName"], Qualifier=self.attributes["Version"]
        )


class Alias(Resource):
    """A name for a version of a function."""

    cf_resource_type = "AWS::Lambda::Alias"
    service = "lambda"
    immutable = frozenset({"FunctionName", "Name"})

    def create(self) -> None:
        """Create the alias."""
        alias = self.client.create_alias(**self.properties)
        self.physical_resource_id = alias["AliasArn"]
        self.attributes = {"AliasArn": alias["AliasArn"]}

    def update(self) -> None:
        """Point it to another version."""
        self.client.update_alias(**self.properties)

    def delete(self) -> None:
        """Delete the name, not the version."""
        self.client.delete_alias(
            FunctionName=self.properties["FunctionName"], Name=self.properties["Name"]
        )


class LayerVersion(ReplacedResource):
    """A published version of a layer."""

    cf_resource_type = "AWS::Lambda::LayerVersion"
    service = "lambda"

    def create(self) -> None:
        """Publish it."""
        layer = self.client.publish_layer_version(
            LayerName=self.properties.get("LayerName", self.logical_resource_id),
            **self.without("LayerName"),
        )
        self.physical_resource_id = layer["LayerVersionArn"]
        self.attributes = {"LayerVersionArn": layer["LayerVersionArn"]}

    def delete(self) -> None:
        """Delete this version of the layer."""
        name, version = self.physical_resource_id.rsplit(":", 2)[1:]
        self.client.delete_layer_version(LayerName=name, VersionNumber=int(version))


class Permission(ReplacedResource):
    """A statement of a function's policy."""

    cf_resource_type = "AWS::Lambda::Permission"
    service = "lambda"

    def create(self) -> None:
        """Add the statement."""
        statement = self.named("", limit=100)
        self.client.add_permission(StatementId=statement, **self.properties)
        self.physical_resource_id = statement

    def delete(self) -> None:
        """Remove the statement."""
        self.client.remove_permission(
            FunctionName=self.properties["FunctionName"], StatementId=self.physical_resource_id
        )


class Url(Resource):
    """An address of a function over HTTP."""

    cf_resource_type = "AWS::Lambda::Url"
    service = "lambda"
    immutable = frozenset({"TargetFunctionArn", "Qualifier"})

    def create(self) -> None:
        """Make the address."""
        function = {"FunctionName": self.properties["TargetFunctionArn"]}
        address = self.client.create_function_url_config(
            **function, **self.without("TargetFunctionArn")
        )
        self.physical_resource_id = address["FunctionArn"]
        self.attributes = {
            "FunctionArn": address["FunctionArn"],
            "FunctionUrl": address["FunctionUrl"],
        }

    def update(self) -> None:
        """Change who may use it; the address stays."""
        self.client.update_function_url_config(
            FunctionName=self.properties["TargetFunctionArn"], **self.without("TargetFunctionArn")
        )

    def delete(self) -> None:
        """Delete the address, not the function."""
        self.client.delete_function_url_config(FunctionName=self.properties["TargetFunctionArn"])


class EventInvokeConfig(PutResource):
    """What happens to a function's asynchronous invocations that fail."""

    cf_resource_type = "AWS::Lambda::EventInvokeConfig"
    service = "lambda"
    immutable = frozenset({"FunctionName", "Qualifier"})

    def put(self) -> None:
        """Write the configuration."""
        self.client.put_function_event_invoke_config(**self.properties)
        self.physical_resource_id = ":".join(self._function().values())

    def delete(self) -> None:
        """Delete the configuration."""
        self.client.delete_function_event_invoke_config(**self._function())

    def _function(self) -> dict[str, str]:
        return {
            name: self.properties[name]
            for name in ("FunctionName", "Qualifier")
            if name in self.properties
        }


def _archive(source: str, runtime: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.mjs" if runtime.startswith("nodejs") else "index.py", source)
    return buffer.getvalue()
