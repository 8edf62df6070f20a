"""What `validate` finds: every file examined, every broken rule of every line, one verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_local.cli.data.files import chunks
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime.datasets.checking.rejections import RejectedLine
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bedrock_customization_local.cli.data.files import DataFile, Found
    from bedrock_customization_local.cli.data.options import Choice
    from bedrock_customization_runtime.datasets.checking.findings import Finding
    from bedrock_customization_runtime.datasets.rules import Rule
    from bedrock_customization_runtime.datasets.settings import Settings

_decode = msgspec.json.Decoder(RejectedLine).decode


@dataclass(frozen=True, kw_only=True, slots=True)
class FileVerdict:
    """What became of one file."""

    name: str
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    omitted: int = 0
    findings: tuple[Finding, ...] = ()
    rejected_lines: tuple[RejectedLine, ...] = ()
    """As many as were asked for."""
    refusal: str | None = None
    """Why the file as a whole cannot be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleCount:
    """A rule that records broke, over all files."""

    rule: Rule
    count: int
    places: tuple[str, ...]
    """The first lines, as `file:line` where there are several files."""
    detail: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """What became of all files together."""

    choice: Choice
    files: tuple[FileVerdict, ...]
    found: Found
    refusal: str | None = None
    """Why they do not do as a data set, however good each record."""
    strict: bool = False
    rule_counts: tuple[RuleCount, ...] = field(default=())
    """Rejections first, then by how many records."""

    @property
    def read(self) -> int:
        """Records read."""
        return sum(file.read for file in self.files)

    @property
    def accepted(self) -> int:
        """Records that can be used."""
        return sum(file.accepted for file in self.files)

    @property
    def rejected(self) -> int:
        """Records that cannot."""
        return sum(file.rejected for file in self.files)

    @property
    def omitted(self) -> int:
        """Invocation logs that are no training data."""
        return sum(file.omitted for file in self.files)

    @property
    def refusals(self) -> list[str]:
        """Why files, or all of them together, cannot be used."""
        named = [f"{file.name}: {file.refusal}" for file in self.files if file.refusal]
        return [*named, self.refusal] if self.refusal else named

    @property
    def warnings(self) -> int:
        """Rules that only warn."""
        return sum(count.rule.severity == "warning" for count in self.rule_counts)

    @property
    def is_clean(self) -> bool:
        """Whether everything can be used."""
        return not (self.rejected or self.refusals or (self.strict and self.warnings))


def validate(
    found: Found,
    choice: Choice,
    settings: Settings,
    *,
    thorough: bool,
    strict: bool,
    listed: int | None,
    originals: bool,
    advance: Callable[[int], None],
) -> Validation:
    """Examine files.

    Args:
        found: What to read.
        choice: Whose rules decide.
        settings: The same for the engine.
        thorough: Whether to look for personal data, secrets and poor answers too.
        strict: Whether warnings count.
        listed: How many rejected lines to keep, over all files; None for all.
        originals: Whether to keep what stood there, too.
        advance: Is told of the bytes read.

    Raises:
        CommandError: A file cannot be read, or the template is wrong in itself.
    """
    files: list[FileVerdict] = []
    for file in found.files:
        verdict = _file_verdict(
            file,
            settings,
            thorough=thorough,
            listed=listed,
            originals=originals,
            advance=advance,
        )
        if listed is not None:
            listed -= len(verdict.rejected_lines)
        files.append(verdict)
    return Validation(
        choice=choice,
        files=tuple(files),
        found=found,
        refusal=_refusal(choice, files),
        strict=strict,
        rule_counts=_rule_counts(files),
    )


def _file_verdict(
    file: DataFile,
    settings: Settings,
    *,
    thorough: bool,
    listed: int | None,
    originals: bool,
    advance: Callable[[int], None],
) -> FileVerdict:
    try:
        with examine(chunks(file, advance), settings, keep=thorough) as examined:
            lines = map(_decode, islice(examined.rejected_lines(), listed))
            return FileVerdict(
                name=file.name,
                read=examined.read,
                accepted=examined.accepted,
                rejected=examined.rejected,
                omitted=examined.omitted,
                findings=tuple(examined.findings.all()),
                rejected_lines=tuple(
                    line if originals else _without_original(line) for line in lines
                ),
                refusal=None if examined.read else "it holds no records",
            )
    except DatasetRejected as refusal:
        return FileVerdict(name=file.name, refusal=str(refusal))
    except InvalidInput as error:
        raise usage_error(str(error)) from None


def _without_original(line: RejectedLine) -> RejectedLine:
    return msgspec.structs.replace(line, original=None, original_base64=None)


def _refusal(choice: Choice, files: Sequence[FileVerdict]) -> str | None:
    """Return why the records do not make a training set of the base model, by their number."""
    if any(file.refusal for file in files):
        return None
    accepted = sum(file.accepted for file in files)
    method = choice.rules
    least = max(method.train.min_records or 0, method.total.min_records or 0)
    most = min(
        (
            limit
            for limit in (method.train.max_records, method.total.max_records)
            if limit is not None
        ),
        default=None,
    )
    model = choice.model.id
    if accepted < least:
        return f"too few usable records, {accepted:,}: {model} needs at least {least:,}"
    if most is not None and accepted > most:
        return f"too many usable records, {accepted:,}: {model} takes at most {most:,}"
    return None


def _rule_counts(files: Sequence[FileVerdict]) -> tuple[RuleCount, ...]:
    several = len(files) > 1
    counts: dict[str, RuleCount] = {}
    for file in files:
        for found in file.findings:
            before = counts.get(found.rule.id)
            lines = tuple(f"{file.name}:{line}" if several else str(line) for line in found.lines)
            counts[found.rule.id] = RuleCount(
                rule=found.rule,
                count=found.count + (before.count if before else 0),
                places=(before.places if before else ()) + lines,
                detail=found.detail,
            )
    return tuple(
        sorted(counts.values(), key=lambda each: (each.rule.severity, -each.count, each.rule.id))
    )
