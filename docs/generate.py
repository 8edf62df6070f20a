"""Write the pages that come from data: `uv run python docs/generate.py`."""

from pathlib import Path

import api_reference
import messages
import rooms
from markdown_tables import table

from bedrock_customization_local.cli.data import rule_table
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.datasets import rules as engine_rules
from bedrock_customization_runtime.evaluation.metrics import METRICS
from bedrock_customization_runtime.template_rules import FAMILIES
from bedrock_customization_runtime.weights.rules import TABLE as IMPORT_RULES, Source

HERE = Path(__file__).parent
_IMPORT_SOURCES = {
    Source.GUIDE: "Bedrock's user guide",
    Source.TRANSFORMERS: "transformers 4.51.3",
    Source.SAFETENSORS: "the safetensors library",
    Source.PACKAGE: "this package",
}


def pages() -> dict[Path, str]:
    """Return the pages and what they should hold."""
    return {
        HERE / "base-models.md": base_models(),
        HERE / "reference" / "api.md": api_reference.page(),
        HERE / "architecture.md": architecture(),
        HERE / "errors.md": messages.page(),
        HERE / "import-rules.md": import_rules(),
        HERE / "metrics.md": metrics(),
        HERE / "rules.md": rules(),
        HERE / "template-rules.md": template_rules(),
    }


def base_models() -> str:
    """Return the page of base models."""
    rows = []
    for model in catalog.base_models():
        lifecycle = model.lifecycle.status.value
        if model.lifecycle.end_of_life:
            lifecycle += f", ends {model.lifecycle.end_of_life}"
        modes = [
            name
            for name, offered in (
                ("on demand", model.deployability.on_demand),
                ("provisioned", model.deployability.provisioned),
            )
            if offered
        ]
        rows.append(
            [
                f"`{model.id}`",
                f"`{model.inference_id}`",
                ", ".join(model.regions),
                lifecycle,
                ", ".join(method.value for method in model.methods),
                " or ".join(modes) or "not",
                _price(model.prices.training_per_1k_tokens),
            ]
        )
    head = [
        "id for customization",
        "id for inference",
        "Regions",
        "lifecycle",
        "methods",
        "deployed",
        "USD per 1,000 training tokens",
    ]
    notes = [
        f"- **{model.name}**: {note}"
        for model in catalog.base_models()
        for note in model.sources_disagree
    ]
    return "\n".join(
        [
            "# Base models",
            "",
            f"The catalogue of {catalog.VERSION}. Limits, hyperparameters and sources are in",
            "`lambdas/bedrock_customization_runtime/catalog/data/`.",
            "",
            *table(head, rows),
            "",
            "## Where sources disagree",
            "",
            *notes,
            "",
        ]
    )


def _price(price: catalog.Price | None) -> str:
    if price is None:
        return "unknown"
    return f"{price.usd:g} (unverified)" if price.unverified else f"{price.usd:g}"


def metrics() -> str:
    """Return the page of metrics with its table made anew."""
    rows = [
        [f"`{metric.name}`", metric.title, metric.meaning, "yes" if metric.binary else "no"]
        for metric in METRICS.values()
    ]
    return _with_table(
        (HERE / "metrics.md").read_text(), table(["name", "title", "meaning", "binary"], rows)
    )


def architecture() -> str:
    """Return the map with its table of rooms and arrows made anew."""
    return _with_table((HERE / "architecture.md").read_text(), rooms.arrows())


def _with_table(page: str, made: list[str], name: str = "") -> str:
    """Return a page with what stands between the marks of that name made anew."""
    begin, end = f"<!-- docs/generate.py{name and f': {name}'} -->", "<!-- end -->"
    before, _, rest = page.partition(begin)
    return "\n".join([f"{before}{begin}", *made, f"{end}{rest.partition(end)[2]}"])


def rules() -> str:
    """Return the page of the data engine's rules."""
    count = len(engine_rules.TABLE)
    return "\n".join(
        [
            "# Rules of the data engine",
            "",
            f"{count} rules, as `bedrock-customization rules --format markdown` prints them. An",
            "error leaves the record out; a warning keeps it, mended where that changes nothing",
            "it says. Limits such as counts, tokens and reserved words are the base model's:",
            "[base models](base-models.md).",
            "",
            rule_table.as_markdown(engine_rules.TABLE),
            "",
        ]
    )


def import_rules() -> str:
    """Return the page of the pre-flight of model folders, whose tables are made anew."""
    limits = catalog.import_rules()
    tables = {
        "limits": [
            f"As of {limits.as_of}.",
            "",
            *table(
                ["architecture", "models", "Regions", "weights below", "longest context"],
                [
                    [
                        f"`{each.name}`",
                        each.family,
                        ", ".join(each.regions),
                        f"{limits.max_bytes(is_multimodal=each.is_multimodal) // 10**9} GB",
                        f"{limits.max_context_length:,}" if each.context_field else "any",
                    ]
                    for each in limits.architectures.values()
                ],
            ),
        ],
        "rules": table(
            ["rule", "severity", "what, why, and how to mend it", "allowed", "who says so"],
            [
                [
                    f"`{rule.id}`",
                    rule.severity.value,
                    rule_table.escaped(
                        f"{rule.what}: {rule.why}. *{rule.fix[0].upper()}{rule.fix[1:]}.*"
                    ),
                    rule_table.escaped(rule.allowed),
                    _IMPORT_SOURCES[rule.source]
                    + (" (sources disagree)" if rule.sources_disagree else ""),
                ]
                for rule in IMPORT_RULES
            ],
        ),
        "disagreements": [
            *(
                f"- `{rule.id}`: {rule_table.escaped(rule.sources_disagree)}"
                for rule in IMPORT_RULES
                if rule.sources_disagree
            ),
            *(f"- {rule_table.escaped(each)}" for each in limits.sources_disagree),
        ],
    }
    page = (HERE / "import-rules.md").read_text()
    for name, lines in tables.items():
        page = _with_table(page, lines, name)
    return page


def template_rules() -> str:
    """Return the page of the rules of templates with its table made anew."""
    lines: list[str] = []
    for family, found in FAMILIES.items():
        rows = [
            [
                f"[`{rule.id}`]({rule.anchor})",
                rule.severity.value,
                rule_table.escaped(f"{rule.title}: {rule.why}"),
                rule_table.escaped(rule.fix),
            ]
            for rule in found
        ]
        head = ["rule", "severity", "what it finds, and why", "fix"]
        lines += ["", f"### {family[0].upper()}{family[1:]}", "", *table(head, rows)]
    return _with_table((HERE / "template-rules.md").read_text(), [*lines[1:], ""])


def write() -> None:
    """Write all pages, those of the phases too, and draw the pictures that show something else."""
    # It synthesizes, which the tests of `pages` do not wait for.
    import phase_pages  # noqa: PLC0415 - as above
    import state_pictures  # noqa: PLC0415 - as above

    for path, text in {**pages(), **phase_pages.pages()}.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    drawn = phase_pages.pictures()
    for path in state_pictures.stale(drawn):
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn[path].svg())


if __name__ == "__main__":
    write()
