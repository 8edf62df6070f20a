"""What the functions of a stack share: their own code, their libraries, a log."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path

import jsii
from aws_cdk import (
    AssetHashType,
    BundlingOptions,
    DockerImage,
    IgnoreMode,
    ILocalBundling,
    RemovalPolicy,
    Stack,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_logs as logs,
)
from constructs import Construct
from uv import find_uv_bin

import bedrock_customization_runtime

RUNTIME = lambda_.Runtime.PYTHON_3_14
ARCHITECTURE = lambda_.Architecture.ARM_64
_PYTHON_VERSION = "3.14"
_PLATFORM = "aarch64-manylinux_2_28"
_PACKAGE = Path(bedrock_customization_runtime.__file__).parent
SOURCE_ROOT = _PACKAGE.parent
"""A source root in a checkout, `site-packages` in an installation."""
SPARK_ENTRY = _PACKAGE / "spark_preparation" / "__main__.py"
DEPENDENCIES = Path(__file__).parent / "_dependencies"
# So everything beside the package is shut out first; that also keeps the walk short.
ALL_BUT_OWN_CODE = [
    "/*",
    f"!/{_PACKAGE.name}/",
    f"/{_PACKAGE.name}/**",
    f"!/{_PACKAGE.name}/**/",
    *(f"!/{_PACKAGE.name}/**/*.{kind}" for kind in ("py", "toml", "jinja")),
    "__pycache__/",
    # For apps and terminals: no function asks for it.
    f"/{_PACKAGE.name}/template_rules/",
]
_ID = "BedrockCustomizationRuntime"


class FunctionRuntime(Construct):
    """The handlers' own code, their libraries and their log, once in a stack.

    Attributes:
        code: An allow-list, so that stray files never change the asset.
        libraries: Layer with the third-party libraries, locked by hash.
        log_group: One for all, so that a run is read in one place; streams name their function.
        log_group_arn: Of it.
        principal: Who assumes the functions' roles.
        stack: The stack.
    """

    def __init__(self, scope: Stack, id: str) -> None:
        super().__init__(scope, id)
        self.stack = scope
        self.principal = iam.ServicePrincipal("lambda.amazonaws.com")
        self.code = lambda_.Code.from_asset(
            str(SOURCE_ROOT), ignore_mode=IgnoreMode.GIT, exclude=ALL_BUT_OWN_CODE
        )
        self.libraries = lambda_.LayerVersion(
            self,
            "Libraries",
            description=f"Libraries of bedrock_customization_runtime, lock {libraries_digest()}",
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            code=lambda_.Code.from_asset(
                str(DEPENDENCIES),
                asset_hash_type=AssetHashType.SOURCE,
                bundling=BundlingOptions(
                    # Never used: the local bundling below either succeeds or stops the synth.
                    image=DockerImage.from_registry("public.ecr.aws/lambda/python:3.14"),
                    local=UvBundling(),
                ),
            ),
        )
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.SIX_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.log_group_arn: str = self.log_group.log_group_arn

    @classmethod
    def of(cls, scope: Construct) -> FunctionRuntime:
        """Return the one of the stack that a construct is in."""
        stack = Stack.of(scope)
        existing = stack.node.try_find_child(_ID)
        # jsii gives a construct back as it was made.
        return existing if isinstance(existing, cls) else cls(stack, _ID)


@cache
def libraries_digest() -> str:
    """Return a short digest of the lock.

    It stands in each function's description, so that new libraries publish a new version even in
    apps without the feature flag that makes versions follow their layers.
    """
    return sha256((DEPENDENCIES / "requirements.txt").read_bytes()).hexdigest()[:12]


@jsii.implements(ILocalBundling)
class UvBundling:
    """Installs the locked wheels of arm64 Linux with uv: no Docker, the same tree always.

    Args:
        python_version: Of the interpreter that imports them.
    """

    def __init__(self, python_version: str = _PYTHON_VERSION) -> None:
        self._python_version = python_version

    def try_bundle(self, output_dir: str, *, image: DockerImage, **_: object) -> bool:  # noqa: ARG002 - CDK's signature
        command = [
            *(find_uv_bin(), "pip", "install", "--quiet"),
            *("--target", str(Path(output_dir) / "python")),
            *("--python-version", self._python_version),
            *("--python-platform", _PLATFORM),
            # Bytecode of the interpreter at hand would be dead weight in the function's.
            *("--only-binary", ":all:", "--no-compile-bytecode"),
            *("--require-hashes", "--requirements", str(DEPENDENCIES / "requirements.txt")),
        ]
        # The variable and the option that overrides it exclude each other.
        environment = {**os.environ}
        environment.pop("UV_COMPILE_BYTECODE", None)
        done = subprocess.run(  # noqa: S603 - fixed words and our paths
            command, check=False, capture_output=True, text=True, env=environment
        )
        if done.returncode:
            raise RuntimeError(
                f"uv could not install the functions' libraries: {done.stderr}; mend the cause, "
                "such as no way to the package index, and synthesize again"
            )
        return True
