"""Whether the versions of a run's manifest are those that its phases wrote: pure, over bytes.

Each version names the digest of the one before it, so whatever is changed, left out or put in
elsewhere no longer fits what follows it. That leaves the newest one, which nothing follows: a copy
of it is kept once the run has ended, the execution's output and the records of approvals and
promotions name versions they knew, and a signature holds whoever else may write the bucket.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.manifest.document import Manifest
from bedrock_customization_runtime.manifest.link import (
    LinkSection,
    canonical,
    digest,
    signed_parts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Protocol

    class Checker(Protocol):
        """Knows a key whose private half only the run's functions can use."""

        def holds(self, statement: bytes, signature: bytes) -> bool:
            """Return whether a signature is one of the key."""
            ...


class Check(StrEnum):
    """What is asked of a version, or of all of them."""

    FORM = "form"
    """It is a manifest, written as this library writes one."""
    PLACE = "place"
    """It is the version that its place says."""
    PREVIOUS = "previous"
    """It names the version before it."""
    RUN = "run"
    """It belongs to the run that is asked about."""
    COPY = "copy"
    """What was kept of it is the same."""
    SIGNATURE = "signature"
    """The key signed it."""
    WITNESS = "witness"
    """A version that others have named is among them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One answer.

    Args:
        version: Number; None of what concerns all of them.
        check: What was asked.
        holds: The answer.
        said: Why, in words.
    """

    version: int | None
    check: Check
    holds: bool
    said: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """A version that something outside the chain has named.

    Args:
        name: What has.
        sha256: Of the version.
    """

    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainVerdict:
    """What holds of a chain.

    Args:
        findings: All answers.
        newest: The manifest, if it can be read.
        versions: How many there are.
        signed: Whether signatures were checked.
    """

    findings: Sequence[Finding]
    newest: Manifest | None
    versions: int
    signed: bool

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not."""
        return all(finding.holds for finding in self.findings)


def verify(
    newest: bytes,
    kept: Mapping[int, bytes],
    *,
    run: str | None = None,
    checker: Checker | None = None,
    witnesses: Sequence[Witness] = (),
) -> ChainVerdict:
    """Check the versions of a manifest.

    Args:
        newest: `manifest.json`.
        kept: What is kept of the versions, by number.
        run: ARN of the run's execution, or the run's id; None to take the newest version's word.
        checker: Of the key that you trust; None to check no signature. With one, a version without
            a signature does not hold: who may rewrite a chain could as well take it off.
        witnesses: Versions that must be there.

    Returns:
        An answer to each question, whatever the bytes are.
    """
    manifest = _read(newest)
    link = manifest.link if manifest else None
    # What was kept says it where the newest one does not: one question fewer fails then.
    count = link.version if link else max(kept, default=0) + 1
    found: list[Finding] = []
    bodies = [*(kept.get(version) for version in range(1, min(count, len(kept) + 2))), newest]
    found += _of_places(manifest, count, kept, newest)
    expected = run or (manifest.run.execution_arn if manifest else None)
    before: bytes | None = None
    for version, body in zip([*range(1, len(bodies)), count], bodies, strict=True):
        if body is not None:
            found += _of_version(version, body, before, expected, checker)
        before = body
    known = {digest(body) for body in bodies if body is not None}
    found += _of_witnesses([*witnesses, *_own_witnesses(manifest)], known)
    return ChainVerdict(
        findings=found, newest=manifest, versions=len(bodies), signed=checker is not None
    )


def _of_places(
    manifest: Manifest | None, count: int, kept: Mapping[int, bytes], newest: bytes
) -> Iterator[Finding]:
    # A count that somebody made up may be astronomic: what is missing is said once.
    missing = next((version for version in range(1, count) if version not in kept), None)
    if missing is not None:
        yield _broken(missing, Check.PLACE, "it is missing: it was deleted, or never kept")
    for version in sorted(kept):
        if version > count or version < 1:
            yield _broken(
                version,
                Check.PLACE,
                f"the newest version says that it is number {count}: an old one was put in its "
                "place, or this one is a stranger",
            )
    if count in kept:
        same = kept[count] == newest
        said = "what was kept of it is the same" if same else "what was kept of it differs"
        yield Finding(version=count, check=Check.COPY, holds=same, said=said)
    elif manifest and manifest.ended:
        yield _broken(count, Check.COPY, "the run has ended but nothing was kept of it")


def _of_version(
    version: int, body: bytes, before: bytes | None, run: str | None, checker: Checker | None
) -> Iterator[Finding]:
    manifest = _read(body)
    link = manifest.link if manifest else None
    if manifest is None or link is None:
        why = "it is no manifest as this library writes one" if manifest is None else "it has none"
        yield _broken(version, Check.FORM, f"{why}: changed, or from before manifests were linked")
        return
    yield Finding(version=version, check=Check.FORM, holds=True, said="it reads as it was written")
    right = link.version == version
    said = f"it says that it is number {link.version}"
    yield Finding(version=version, check=Check.PLACE, holds=right, said=said)
    yield _of_previous(version, link, before)
    own = manifest.run.execution_arn
    of_run = run in {own, manifest.run.id}
    yield Finding(version=version, check=Check.RUN, holds=of_run, said=f"it is of {own}")
    if checker is not None:
        yield _of_signature(version, body, checker)


def _of_previous(version: int, link: LinkSection, before: bytes | None) -> Finding:
    if before is None and version > 1:
        said = "the version that it follows is not there"
        return _broken(version, Check.PREVIOUS, said)
    holds = link.previous == (digest(before) if before is not None else None)
    if before is None:
        said = "it is the first" if holds else "it follows another, though it stands first"
    else:
        said = "it follows the version before" if holds else "the version before is another one"
    return Finding(version=version, check=Check.PREVIOUS, holds=holds, said=said)


def _of_signature(version: int, body: bytes, checker: Checker) -> Finding:
    parts = signed_parts(body)
    if parts is None:
        return _broken(version, Check.SIGNATURE, "nobody has signed it")
    holds = checker.holds(*parts)
    said = "the key signed it" if holds else "the key did not sign it"
    return Finding(version=version, check=Check.SIGNATURE, holds=holds, said=said)


def _own_witnesses(manifest: Manifest | None) -> Iterator[Witness]:
    """Return what the manifest itself says of its versions: which one people approved."""
    approval = manifest.approval if manifest else None
    if approval and approval.evidence:
        yield Witness(name="the approval", sha256=approval.evidence)


def _of_witnesses(witnesses: Sequence[Witness], known: set[str]) -> Iterator[Finding]:
    for witness in witnesses:
        holds = witness.sha256 in known
        said = (
            f"the version that {witness.name} names is there"
            if holds
            else f"{witness.name} names a version that is not there: {witness.sha256}"
        )
        yield Finding(version=None, check=Check.WITNESS, holds=holds, said=said)


def _read(body: bytes) -> Manifest | None:
    """Return a version; None where the bytes are not what this library writes."""
    try:
        # A key that stands twice is read once, so what is written of it is shorter.
        if canonical(msgspec.json.decode(body)) != body:
            return None
        return msgspec.json.decode(body, type=Manifest)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


def _broken(version: int, check: Check, said: str) -> Finding:
    return Finding(version=version, check=check, holds=False, said=said)
