"""A run's lineage: gathered from AWS or from a folder, checked, and put into one document."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline, aws_errors, run_of
from bedrock_customization_local.cli.lineage import named_files, public_keys, versions
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime.manifest import chain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from boto3 import Session

    from bedrock_customization_local.cli.aws_options import Target
    from bedrock_customization_local.cli.lineage.named_files import FileFinding
    from bedrock_customization_local.cli.lineage.public_keys import PublicKey
    from bedrock_customization_local.cli.lineage.versions import Versions
    from bedrock_customization_runtime.manifest.chain import ChainVerdict, Witness


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What holds of a run's lineage.

    Args:
        chain: Of the versions.
        strangers: Names beside the versions that none has.
        files: Of what the manifest names; empty where a folder was checked.
        anchored: Whether the execution's output named the version that the run ended with.
    """

    chain: ChainVerdict
    strangers: tuple[str, ...]
    files: Sequence[FileFinding]
    anchored: bool

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not."""
        files = all(file.holds is not False for file in self.files)
        return self.chain.holds and files and not self.strangers

    def document(self) -> dict[str, object]:
        """Return all of it, as `--format json` writes it."""
        newest = self.chain.newest
        approval = newest.approval if newest else None
        return {
            "holds": self.holds,
            "run": newest.run.id if newest else None,
            "execution_arn": newest.run.execution_arn if newest else None,
            "status": newest.status if newest else None,
            "versions": self.chain.versions,
            "signatures_checked": self.chain.signed,
            "end_named_by_execution": self.anchored,
            "key": newest.link.key if newest and newest.link else None,
            "links": [asdict(finding) for finding in self.chain.findings],
            "strangers": list(self.strangers),
            "files": [asdict(file) for file in self.files],
            "approval": {
                "outcome": approval.outcome,
                "approver": approval.approver,
                "decided": approval.decided,
                "evidence": approval.evidence,
                "reason": approval.reason,
            }
            if approval
            else None,
        }


def of_folder(folder: Path, *, key: PublicKey | None, run: str | None) -> Verification:
    """Check a copy of a run's folder; asks nobody.

    Args:
        folder: With `manifest.json` and `lineage/`.
        key: That must have signed; None to check no signature.
        run: Name or execution ARN; None to take the manifest's word.

    Raises:
        CommandError: The folder cannot be read, or its versions are signed and no key is given.
    """
    found = versions.in_folder(folder)
    return _verified(found, run=run, key=key, witnesses=(), files=())


def of_run(run: str, target: Target, *, key: PublicKey | None) -> Verification:
    """Check the run of a deployed pipeline.

    Args:
        run: Name, or ARN of its execution.
        target: Whose pipeline.
        key: That must have signed; None for the one that the stack names.

    Raises:
        CommandError: There is no such pipeline or run, or it cannot be read.
    """
    session = target.session()
    run_key, given_arn = run_of(run)
    with aws_errors():
        pipeline = DeployedPipeline.find(session, target.stack, given_arn)
        if key is None and pipeline.signing_key:
            key = public_keys.of_kms(session, pipeline.signing_key)
        s3 = session.client("s3")
        uri = f"s3://{pipeline.artifacts_bucket}/runs/{run_key}/{versions.MANIFEST}"
        found = versions.in_s3(s3, uri)
        machine = pipeline.state_machine_arn.replace(":stateMachine:", ":execution:")
        arn = given_arn or f"{machine}:{run}"
        verified = _verified(found, run=arn, key=key, witnesses=_end_of(session, arn), files=())
        newest = verified.chain.newest
        files = named_files.check(s3, newest) if newest else []
    return Verification(
        chain=verified.chain,
        strangers=verified.strangers,
        files=files,
        anchored=verified.anchored,
    )


def _verified(
    found: Versions,
    *,
    run: str | None,
    key: PublicKey | None,
    witnesses: Sequence[Witness],
    files: Sequence[FileFinding],
) -> Verification:
    verdict = chain.verify(found.newest, found.kept, run=run, checker=key, witnesses=witnesses)
    link = verdict.newest.link if verdict.newest else None
    if key is None and link and link.key:
        raise usage_error(
            f"the versions are signed with {link.key}, whose public key is not there",
            "name it with --public-key, PEM or DER",
        )
    return Verification(
        chain=verdict, strangers=found.strangers, files=files, anchored=bool(witnesses)
    )


def _end_of(session: Session, execution_arn: str) -> list[Witness]:
    """Return the version that a run ended with, as its execution's output has it.

    None for a run that still runs, that failed, or that Step Functions has forgotten, after 90
    days.
    """
    client = session.client("stepfunctions")
    try:
        output = client.describe_execution(executionArn=execution_arn).get("output") or "{}"
    except ClientError as error:
        if error.response["Error"].get("Code") == "ExecutionDoesNotExist":
            return []
        raise
    match json.loads(output):
        case {"manifest_sha256": str(named)}:
            return [chain.Witness(name="the execution's output", sha256=named)]
    return []
