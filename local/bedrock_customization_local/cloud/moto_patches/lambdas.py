"""What the embedded AWS works around in moto's Lambda: updates. How functions run is `lambdas/`."""

import functools
from typing import Any

from moto.awslambda.models import LambdaFunction

from bedrock_customization_local.cloud.moto_patches.replacing import Patches


def updates_its_whole_configuration(patches: Patches) -> None:
    """Take tracing, storage, key and architecture from an update; moto takes them only at first."""
    update_configuration = LambdaFunction.update_configuration
    update_code = LambdaFunction.update_function_code

    @functools.wraps(update_configuration)
    def update_whole_configuration(self: LambdaFunction, updates: dict[str, Any]) -> object:
        for name, value in updates.items():
            match name:
                case "EphemeralStorage":
                    self.ephemeral_storage = value["Size"]
                case "KMSKeyArn":
                    self.kms_key_arn = value
                case "TracingConfig":
                    self.tracing_config = value
        return update_configuration(self, updates)

    @functools.wraps(update_code)
    def update_code_and_architecture(self: LambdaFunction, code: dict[str, Any]) -> object:
        self.architectures = code.get("Architectures", self.architectures)
        return update_code(self, code)

    patches.replace(LambdaFunction, "update_configuration", update_whole_configuration)
    patches.replace(LambdaFunction, "update_function_code", update_code_and_architecture)


PATCHES = (updates_its_whole_configuration,)
