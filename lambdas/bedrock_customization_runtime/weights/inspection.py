"""The pre-flight: everything that is wrong with a model folder, before it is copied or paid for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.weights import (
    chat_template,
    completeness,
    configuration,
    selection,
    shards,
    tokenizer,
)
from bedrock_customization_runtime.weights.findings import Finding, Findings
from bedrock_customization_runtime.weights.reading import Reader
from bedrock_customization_runtime.weights.rules import weights as rules

if TYPE_CHECKING:
    from bedrock_customization_runtime.catalog import ImportRules
    from bedrock_customization_runtime.weights.configuration import Configuration
    from bedrock_customization_runtime.weights.folder import Folder
    from bedrock_customization_runtime.weights.selection import Selection
    from bedrock_customization_runtime.weights.shards import Weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What a model folder is, and what is wrong with it."""

    findings: tuple[Finding, ...]
    """Errors first."""
    staged: tuple[str, ...]
    """Names of the files that an import needs, in order; all others stay where they are."""
    ignored: tuple[str, ...]
    """Names of those others."""
    architecture: str | None
    """As config.json names it; None where Bedrock does not import it."""
    family: str | None
    """Of the architecture, for people."""
    bytes: int
    """Of the staged files together, as they are listed."""
    parameters: int
    """Numbers in the weights, as far as their headers can be read."""
    context_length: int | None
    """Tokens; None where nothing bounds them, or config.json does not say."""
    is_multimodal: bool
    chat_template: bool
    """Whether there is one, without which Converse is not offered."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that keep the model from being imported."""
        return tuple(finding for finding in self.findings if finding.is_error)

    @property
    def can_be_imported(self) -> bool:
        """Whether nothing that was looked at keeps the model from being imported."""
        return not self.errors


def inspect(folder: Folder, limits: ImportRules, *, region: str | None = None) -> Inspection:
    """Look into a model folder, without reading its weights.

    It reads small files whole, and of the weights the headers; in total at most some hundred
    megabytes, for honest models some dozen. It holds one of them at a time.

    Args:
        folder: Where the model lies.
        limits: What Custom Model Import takes.
        region: Where it is to be imported; None leaves that out.

    Returns:
        Everything that is wrong, at once.
    """
    findings = Findings()
    chosen = selection.select(folder.files(), findings)
    reader = Reader(folder, chosen.companions, findings)
    stated = configuration.read(reader, limits, region, findings)
    weights = shards.read(chosen, reader, folder, findings)
    completeness.check_adapters(chosen.others, weights, findings)
    completeness.check_dtypes(stated, weights, limits, findings)
    completeness.check_whole(stated, weights, findings)
    _check_size(chosen, stated, weights, limits, findings)
    context_length = configuration.context_length(stated, limits, findings)
    tokenizer_config = tokenizer.check(reader, stated, weights, limits, findings)
    has_template = chat_template.check(reader, tokenizer_config, stated, findings)
    staged = tuple(sorted({*chosen.companions, *weights.files}))
    architecture = stated.architecture
    return Inspection(
        findings=findings.findings(),
        staged=staged,
        ignored=tuple(sorted({*chosen.others, *chosen.weights} - {*staged})),
        architecture=architecture.name if architecture else None,
        family=architecture.family if architecture else None,
        bytes=sum(file.size for file in chosen.named(staged)),
        parameters=sum(tensor.elements for tensor in weights.tensors.values()),
        context_length=context_length,
        is_multimodal=architecture is not None and architecture.is_multimodal,
        chat_template=has_template,
    )


def _check_size(
    chosen: Selection,
    stated: Configuration,
    weights: Weights,
    limits: ImportRules,
    findings: Findings,
) -> None:
    architecture = stated.architecture
    is_multimodal = architecture is not None and architecture.is_multimodal
    maximum = limits.max_bytes(is_multimodal=is_multimodal)
    size = sum(file.size for file in chosen.named(weights.files))
    if size >= maximum:
        allowed = f"less than {maximum:,} bytes"
        findings.note(rules.TOO_LARGE, None, f"{size:,} bytes", allowed=allowed)
