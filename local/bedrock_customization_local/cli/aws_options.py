"""Options of the commands that ask AWS: which account and Region, and whose stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from boto3 import Session

RegionOption = Annotated[
    str | None,
    typer.Option("--region", metavar="REGION", help="Without it: that of your AWS configuration."),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile", metavar="NAME", help="Profile of your AWS configuration. Without it: its own."
    ),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """As whom AWS is asked, and where; None for what the AWS configuration says."""

    region: RegionOption = None
    profile: ProfileOption = None

    def session(self) -> Session:
        """Return boto3's session.

        Raises:
            CommandError: The AWS configuration has no such profile.
        """
        import boto3  # noqa: PLC0415 - not for --help
        from botocore.exceptions import ProfileNotFound  # noqa: PLC0415 - likewise

        from bedrock_customization_local.cli.messages import usage_error  # noqa: PLC0415 - likewise

        try:
            return boto3.Session(region_name=self.region, profile_name=self.profile)
        except ProfileNotFound as error:
            raise usage_error(
                f"the AWS configuration has no profile {error.kwargs['profile']}",
                "name one of `aws configure list-profiles`, or unset AWS_PROFILE",
            ) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Target(Access):
    """A deployed pipeline: whose stack, and where it is."""

    stack: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The pipeline's stack. Without it: the only one there is."
        ),
    ] = None

    @property
    def words(self) -> str:
        """These options as they are typed, behind a space each, for a command to copy."""
        given = {"--stack": self.stack, "--region": self.region, "--profile": self.profile}
        return "".join(f" {option} {value}" for option, value in given.items() if value)
