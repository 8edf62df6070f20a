"""The model card of a run that made a model: what it is for, what it was made of, how it did.

All of it comes from the manifest. `card_document` is what it holds, `card_notes` its sentences.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.reports import card_notes, markdown, wording
from bedrock_customization_runtime.reports.card_document import (
    BaseModelDetails,
    CustomizationOrigin,
    CustomModelOrigin,
    EvaluationData,
    Factors,
    ImportOrigin,
    IntendedUse,
    Lineage,
    Losses,
    Metrics,
    ModelCard,
    ModelDetails,
    Outcome,
    QuantitativeAnalyses,
    TrainingData,
)
from bedrock_customization_runtime.reports.kinds import KINDS

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import (
        CurvePoint,
        CustomizationSection,
        EvaluationSection,
        ImportJob,
        ImportSection,
        Manifest,
        PreparationSection,
    )

_AMAZON = "Amazon"
_AMAZON_TERMS = "https://aws.amazon.com/service-terms/"
_THIRD_PARTY_TERMS = "https://aws.amazon.com/legal/bedrock/third-party-models/"


def model_card(manifest: "Manifest") -> ModelCard | None:
    """Return the card of a run's model, or None if the run made none."""
    preparation, details = manifest.preparation, _model_details(manifest)
    if preparation is None or details is None:
        return None
    evaluation = manifest.evaluation
    return ModelCard(
        kind=manifest.run.kind,
        embedded=manifest.run.embedded,
        model_details=details,
        intended_use=_intended_use(manifest),
        factors=_factors(preparation, evaluation),
        metrics=_metrics(manifest, evaluation) if evaluation else None,
        evaluation_data=_evaluation_data(preparation, evaluation) if evaluation else None,
        training_data=_training_data(preparation) if manifest.customization else None,
        quantitative_analyses=_analyses(evaluation) if evaluation else None,
        ethical_considerations=card_notes.ethical_considerations(manifest.run, preparation),
        caveats_and_recommendations=card_notes.caveats(manifest),
        baseline=manifest.baseline,
        outcome=Outcome(
            status=manifest.status,
            outcome=manifest.outcome,
            decision=manifest.decision,
            approval=manifest.approval,
            deployment=manifest.deployment,
        ),
        cost=manifest.estimate,
        lineage=Lineage(
            execution_arn=manifest.run.execution_arn,
            job_arn=manifest.job_arn or "",
            started=manifest.run.started,
            ended=manifest.ended,
            library_version=manifest.run.library_version,
            catalog_version=manifest.run.catalog_version,
            answers=evaluation.answers if evaluation else [],
        ),
    )


def as_json(card: ModelCard) -> bytes:
    """Return the card as indented JSON (`json_schema`)."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2)


def as_markdown(card: ModelCard) -> str:
    """Return the card as Markdown, in which nothing that the data say is markup."""
    return markdown.template("model-card.md.jinja").render(
        card=card,
        origin_template=f"origins/{card.model_details.origin.__struct_config__.tag}.md.jinja",
        kind=KINDS[card.kind],
        sources=wording.SOURCES,
        embedded_notice=wording.EMBEDDED_NOTICE,
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a card."""
    return msgspec.json.schema(ModelCard)


def _model_details(manifest: "Manifest") -> ModelDetails | None:
    customized, imported = manifest.customization, manifest.model_import
    if customized is not None:
        return ModelDetails(
            arn=customized.model_arn,
            version=manifest.run.id,
            date=customized.ended,
            origin=_customized(manifest, customized),
        )
    if imported is not None and imported.job is not None:
        return ModelDetails(
            arn=imported.job.model_arn,
            version=manifest.run.id,
            date=imported.job.ended,
            origin=_imported(imported, imported.job),
        )
    made = manifest.custom_model
    if made is not None and made.model_arn is not None:
        return ModelDetails(
            arn=made.model_arn,
            version=manifest.run.id,
            date=made.created or manifest.run.started,
            origin=CustomModelOrigin(
                base_model=_base_model(manifest),
                location=made.location,
                training_job=made.training_job,
            ),
        )
    return None


def _customized(manifest: "Manifest", job: "CustomizationSection") -> CustomizationOrigin:
    return CustomizationOrigin(
        base_model=_base_model(manifest),
        parent_model=manifest.run.parent_model,
        customization_type=job.customization_type,
        hyperparameters=job.hyperparameters,
        candidates=len(manifest.sweep.candidates) if manifest.sweep else 1,
        training_loss=_losses(job.training_curve),
        validation_loss=_losses(job.validation_curve),
        diagnosis=job.diagnosis,
    )


def _imported(section: "ImportSection", job: "ImportJob") -> ImportOrigin:
    return ImportOrigin(
        source=section.kind,
        location=section.location,
        revision=section.revision,
        licence=section.licence,
        licence_files=section.licence_files,
        architecture=section.architecture,
        family=section.family,
        parameters=section.parameters,
        dtypes=section.dtypes,
        context_length=section.context_length,
        bytes=section.bytes,
        files=section.files,
        left_out=section.left_out,
        units_per_copy=job.units_per_copy,
        preflight=section.warnings,
        inspection=section.inspection,
    )


def _intended_use(manifest: "Manifest") -> IntendedUse:
    use_case = manifest.use_case
    return IntendedUse(
        task=use_case.task if use_case else None,
        owner=use_case.owner if use_case else None,
        metric=use_case.metric if use_case else None,
        target=use_case.target if use_case else None,
        knowledge_changes=use_case.knowledge_changes if use_case else None,
        out_of_scope=card_notes.out_of_scope(manifest),
    )


def _base_model(manifest: "Manifest") -> BaseModelDetails:
    try:
        known = catalog.base_model(manifest.run.base_model)
    except catalog.UnknownBaseModelError:
        known = None
    end = known.lifecycle.end_of_life if known else None
    return BaseModelDetails(
        id=manifest.run.base_model,
        name=known.name if known else None,
        provider=known.provider if known else None,
        terms=_terms(known.provider) if known else None,
        end_of_life=end.isoformat() if end else None,
    )


def _terms(provider: str) -> str:
    return _AMAZON_TERMS if provider == _AMAZON else _THIRD_PARTY_TERMS


def _losses(curve: "list[CurvePoint]") -> Losses | None:
    if not curve:
        return None
    losses = [point.loss for point in curve]
    return Losses(first=losses[0], last=losses[-1], lowest=min(losses))


def _factors(preparation: "PreparationSection", evaluation: "EvaluationSection | None") -> Factors:
    slices = evaluation.slices if evaluation else []
    columns = dict.fromkeys((each.slice or "").partition("=")[0] for each in slices)
    return Factors(slices=list(columns), labels=len(preparation.label_counts))


def _metrics(manifest: "Manifest", evaluation: "EvaluationSection") -> Metrics:
    primary = wording.primary_of(evaluation)
    return Metrics(
        compared_with=_base_model(manifest),
        primary=primary.name,
        meaning=wording.meaning_of(primary.name),
        method=primary.method,
        min_improvement=manifest.decision.min_improvement if manifest.decision else None,
        minimum_detectable_effect=evaluation.minimum_detectable_effect,
    )


def _evaluation_data(
    preparation: "PreparationSection", evaluation: "EvaluationSection"
) -> EvaluationData:
    return EvaluationData(
        source=preparation.source,
        blind_set=preparation.test,
        records=wording.primary_of(evaluation).records,
        contaminated=evaluation.contaminated,
        taught_references=evaluation.taught_references,
    )


def _training_data(preparation: "PreparationSection") -> TrainingData:
    return TrainingData(
        source=preparation.source,
        training_set=preparation.train,
        validation_set=preparation.validation,
        record_format=preparation.record_format,
        read=preparation.read,
        rejected=preparation.rejected.records if preparation.rejected else 0,
        duplicates=preparation.duplicates,
        left_out=preparation.left_out,
        omitted=preparation.omitted,
        estimated_tokens=preparation.estimated_tokens,
        findings=preparation.findings,
        label_counts=preparation.label_counts,
        personal_data=preparation.personal_data,
        enrichment=preparation.enrichment,
    )


def _analyses(evaluation: "EvaluationSection") -> QuantitativeAnalyses:
    return QuantitativeAnalyses(
        models=evaluation.models,
        comparisons=evaluation.metrics,
        slices=evaluation.slices,
        confusion=evaluation.confusion,
        judge=evaluation.judge,
    )
