"""Moving the alias, so that of two who move it at once one wins, and each move can be undone.

Systems Manager has no conditional write. A small record in S3 has: it is written only over the
version that was read, and the parameter that consumers read follows it. The record keeps every
move, first one first, so that any earlier run's model can be brought back.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_runtime import manifest, times
from bedrock_customization_runtime.errors import AliasNotWritten, InvalidInput, PromotionConflict
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

    from bedrock_customization_runtime.manifest.signature import Signer


class Promotion(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One move of an alias."""

    kind: Literal["promote", "rollback"]
    run: str
    """Whose model consumers use from here on."""
    manifest: str
    """S3 URI of that run's manifest."""
    arn: str
    """What consumers invoke."""
    model_arn: str | None = None
    """The custom model behind it."""
    previous: str | None
    """What consumers invoked before."""
    execution_arn: str | None = None
    """Which execution promoted; None of a rollback."""
    by: str | None = None
    """ARN of who rolled back; None of a promotion."""
    moved: str
    """ISO 8601, UTC."""


class PromotionRecord(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Every move of an alias, first one first; none before the first promotion."""

    history: list[Promotion] = []

    @property
    def current(self) -> Promotion | None:
        """What consumers use now."""
        return self.history[-1] if self.history else None


def record_uri(artifacts_bucket: str, alias_parameter: str) -> str:
    """Return where the record of an alias is."""
    digest = sha256(alias_parameter.encode()).hexdigest()[:16]
    return f"s3://{artifacts_bucket}/promotions/{digest}.json"


def read(s3: S3Client, record: str) -> PromotionRecord:
    """Return the record of an alias."""
    return _read(s3, record)[1]


def in_use(s3: S3Client, ssm: SSMClient, *, record: str, alias_parameter: str) -> set[str]:
    """Return the ARNs that consumers use, or will use once the parameter follows the record.

    Args:
        s3: Client.
        ssm: Client.
        record: Where the record of the alias is.
        alias_parameter: What consumers read.
    """
    current = read(s3, record).current
    named = {value_of(ssm, alias_parameter), current.arn if current else None}
    return {arn for arn in named if arn is not None}


def value_of(ssm: SSMClient, parameter: str) -> str | None:
    """Return what a parameter holds; None where there is none, as before the first promotion."""
    try:
        return ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None


def promote(
    s3: S3Client,
    ssm: SSMClient,
    *,
    record: str,
    alias_parameter: str,
    run: str,
    manifest_uri: str,
    arn: str,
    model_arn: str | None,
    execution_arn: str,
) -> Promotion:
    """Point the alias at a run's candidate; asking twice is the same as once.

    Args:
        s3: Client.
        ssm: Client.
        record: Where the record of the alias is.
        alias_parameter: What consumers read.
        run: Whose candidate.
        manifest_uri: Of the run.
        arn: To invoke.
        model_arn: The custom model behind it.
        execution_arn: Who promotes.

    Returns:
        The move. One that others have made a newer move after stays as it is, and so does the
        alias.

    Raises:
        PromotionConflict: Another moved the alias since this one looked; it is as they left it.
        AliasNotWritten: The record has the move but the parameter does not yet; asking again
            mends it.
    """
    version, found = _read(s3, record)
    for known in found.history:
        if known.execution_arn == execution_arn and known.arn == arn:
            _follow(s3, ssm, record, alias_parameter)
            return known
    move = Promotion(
        kind="promote",
        run=run,
        manifest=manifest_uri,
        arn=arn,
        model_arn=model_arn,
        previous=found.current.arn if found.current else None,
        execution_arn=execution_arn,
        moved=times.now(),
    )
    _append(s3, record, found, move, replaces=version, alias_parameter=alias_parameter)
    _follow(s3, ssm, record, alias_parameter)
    return move


def roll_back(
    s3: S3Client,
    ssm: SSMClient,
    *,
    record: str,
    alias_parameter: str,
    to: str | None,
    by: str,
    check: Callable[[Promotion], None],
) -> Promotion:
    """Point the alias at what an earlier run promoted.

    Args:
        s3: Client.
        ssm: Client.
        record: Where the record of the alias is.
        alias_parameter: What consumers read.
        to: The run; None undoes the last move.
        by: ARN of who asks.
        check: Raises if what the move names does not answer any more.

    Returns:
        The move. The last one where consumers use the run's model already, or where nothing is
        named and the parameter is behind the record: then only the parameter is written.

    Raises:
        InvalidInput: There is nothing to go back to, or no run of that name was promoted.
        PromotionConflict: Another moved the alias since this one looked; it is as they left it.
        AliasNotWritten: The record has the move but the parameter does not yet; asking again
            mends it.
    """
    named = value_of(ssm, alias_parameter)
    version, found = _read(s3, record)
    current = found.current
    if to is None and current is not None and named != current.arn:
        # The last move is not finished: to undo it would be to finish the opposite.
        _follow(s3, ssm, record, alias_parameter)
        return current
    target = _target(found, to)
    check(target)
    if current is not None and (current.run, current.arn) == (target.run, target.arn):
        _follow(s3, ssm, record, alias_parameter)
        return current
    move = msgspec.structs.replace(
        target,
        kind="rollback",
        previous=current.arn if current else None,
        execution_arn=None,
        by=by,
        moved=times.now(),
    )
    _append(s3, record, found, move, replaces=version, alias_parameter=alias_parameter)
    _follow(s3, ssm, record, alias_parameter)
    return move


def note_rollback(s3: S3Client, record: str, move: Promotion, signer: Signer | None = None) -> None:
    """Write a rollback into the manifests: of the run that is live again, and of the one that was.

    Args:
        s3: Client.
        record: Where the record of the alias is.
        move: The rollback.
        signer: Of the pipeline's manifests.

    Raises:
        ManifestConflict: A manifest kept changing while it was written.
        LineageBroken: One is not what the pipeline has signed.
    """
    left = next(
        (one for one in reversed(read(s3, record).history[:-1]) if one.arn == move.previous), None
    )
    manifest.update(
        s3, move.manifest, lambda found: _deployed(found, rolled_back=None), signer=signer
    )
    if left is not None and left.run != move.run:
        manifest.update(
            s3, left.manifest, lambda found: _deployed(found, rolled_back=move.moved), signer=signer
        )


def _deployed(found: manifest.Manifest, *, rolled_back: str | None) -> manifest.Manifest:
    if found.deployment is None:
        return found
    section = msgspec.structs.replace(found.deployment, rolled_back=rolled_back)
    return msgspec.structs.replace(found, deployment=section)


def _target(found: PromotionRecord, to: str | None) -> Promotion:
    promoted = [move for move in found.history if move.kind == "promote"]
    if to is not None:
        for move in reversed(promoted):
            if move.run == to:
                return move
        known = ", ".join(dict.fromkeys(move.run for move in promoted)) or "none"
        raise InvalidInput(f"run must be one that was promoted, got {to}: known are {known}")
    current = found.current
    if current is None or current.previous is None:
        raise InvalidInput(
            "nothing was live before what is live now, so there is nothing to go back to: name a "
            "run that was promoted"
        )
    return next(move for move in reversed(found.history[:-1]) if move.arn == current.previous)


def _read(s3: S3Client, record: str) -> tuple[objects.Version | None, PromotionRecord]:
    version = objects.read_version(s3, record)
    if version is None:
        return None, PromotionRecord()
    return version, msgspec.json.decode(version.body, type=PromotionRecord)


def _append(
    s3: S3Client,
    record: str,
    found: PromotionRecord,
    move: Promotion,
    *,
    replaces: objects.Version | None,
    alias_parameter: str,
) -> None:
    body = msgspec.json.encode(PromotionRecord(history=[*found.history, move]))
    try:
        objects.write_version(s3, record, body, "application/json", replaces=replaces)
    except objects.VersionConflictError:
        raise PromotionConflict(
            f"{alias_parameter} was moved by another at the same time: compare the two "
            "candidates, then run this one again"
        ) from None


def _follow(s3: S3Client, ssm: SSMClient, record: str, alias_parameter: str) -> None:
    """Write what the record says into the parameter, until the record rests.

    Who wrote the record last may write the parameter first: without the second look, the slower
    one would leave an older move in it.
    """
    version, found = _read(s3, record)
    while version is not None and found.current is not None:
        _point(ssm, alias_parameter, found.current.arn)
        written, (version, found) = version, _read(s3, record)
        if version is not None and version.etag == written.etag:
            return


def _point(ssm: SSMClient, alias_parameter: str, arn: str) -> None:
    try:
        ssm.put_parameter(Name=alias_parameter, Value=arn, Type="String", Overwrite=True)
    except (BotoCoreError, ClientError) as error:
        raise AliasNotWritten(
            f"{alias_parameter} could not be written, though its record says {arn}: {error}; "
            "asking again writes it"
        ) from error
