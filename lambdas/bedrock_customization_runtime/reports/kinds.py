"""The words that differ between kinds of runs; all others serve both."""

from __future__ import annotations

from dataclasses import dataclass

from bedrock_customization_runtime.contract import RunKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """How reports speak of a run that customizes a model, or of one that imports a model.

    Args:
        title: What the run is.
        stage: Of the step that brings the model.
        done: What has happened when that step is done.
        unpaid: Until when nothing of what the estimate holds was paid.
        data_heading: Of the section of the data.
        training_title: Of the records that are neither for validation nor blind.
        training_set: What they are called in a sentence.
        training_file: What their file is called.
        training_purpose: What they are for.
        validation_purpose: What the validation set is for, if there is one.
        no_validation: Why there is none.
        blind_purpose: What the blind set is for.
        quoting_purpose: Why records that quote the blind set are left out.
        contamination: What blind records among the others do to the figures.
        out_of_scope: What the model is not for.
        kept_personal_data: What becomes of personal data that were kept.
        rare_answers: What few records of an answer mean.
    """

    title: str
    stage: str
    done: str
    unpaid: str
    data_heading: str
    training_title: str
    training_set: str
    training_file: str
    training_purpose: str
    validation_purpose: str
    no_validation: str
    blind_purpose: str
    quoting_purpose: str
    contamination: str
    out_of_scope: tuple[str, ...]
    kept_personal_data: str
    rare_answers: str


KINDS = {
    RunKind.CUSTOMIZATION: Kind(
        title="Model customization",
        stage="Customization",
        done="the model was customized",
        unpaid="before the job was paid",
        data_heading="What it learned from",
        training_title="Training",
        training_set="the training set",
        training_file="Training set",
        training_purpose="The model learns from them.",
        validation_purpose="They show whether it learns or memorizes.",
        no_validation="Not used: the base model takes no validation set.",
        blind_purpose="The models are compared on them; training never sees them.",
        quoting_purpose="Left out: they quote the blind set, so training would know the answers.",
        contamination="what was seen in training flatters the candidate",
        out_of_scope=(
            "Questions unlike those of the training data: nothing was measured there.",
            "Other base models or versions: the customization is of this one alone.",
        ),
        kept_personal_data="what was kept, the model may repeat",
        rare_answers="rare answers were learned from fewer",
    ),
    RunKind.IMPORT: Kind(
        title="Model import",
        stage="Import",
        done="the model was imported",
        unpaid="before the model was asked anything",
        data_heading="What it was measured on",
        training_title="Examples",
        training_set="the examples",
        training_file="Examples",
        training_purpose="Those that the base model is shown in its prompts come from them.",
        validation_purpose="Not used: nothing is trained here.",
        no_validation="Not used: nothing is trained here.",
        blind_purpose="The models are compared on them; no example is one of them.",
        quoting_purpose="Left out: they quote the blind set, so an example would tell an answer.",
        contamination="an example that tells the answer flatters the base model",
        out_of_scope=(
            "Questions unlike those it was measured on: nothing was measured there.",
            "Other revisions of its source: the figures are of this one alone.",
        ),
        kept_personal_data="what was kept stands in the questions",
        rare_answers="rare answers were asked for less often",
    ),
    # A copy has no data of its own here: what is said of data is never reached.
    RunKind.COPY: Kind(
        title="Model copy",
        stage="Copy",
        done="the model was copied",
        unpaid="before the copy was asked for",
        data_heading="Data",
        training_title="Training",
        training_set="the training set",
        training_file="Training set",
        training_purpose="They lie where the model was customized.",
        validation_purpose="They lie where the model was customized.",
        no_validation="Nothing is trained here.",
        blind_purpose="They lie where the model was customized.",
        quoting_purpose="They lie where the model was customized.",
        contamination="the evaluation lies where the model was customized",
        out_of_scope=("What the model card of the model that was copied says.",),
        kept_personal_data="what was kept, the model may repeat",
        rare_answers="rare answers were learned from fewer",
    ),
}
