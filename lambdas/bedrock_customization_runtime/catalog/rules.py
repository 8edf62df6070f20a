"""What one customization method asks of its data, for one base model."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bedrock_customization_runtime.catalog.hyperparameters import Hyperparameter
from bedrock_customization_runtime.catalog.lifecycle import Lifecycle
from bedrock_customization_runtime.catalog.tables import Table


class Method(StrEnum):
    """How a base model is customized: the values of Bedrock's `customizationType`."""

    FINE_TUNING = "FINE_TUNING"
    CONTINUED_PRE_TRAINING = "CONTINUED_PRE_TRAINING"
    DISTILLATION = "DISTILLATION"
    REINFORCEMENT_FINE_TUNING = "REINFORCEMENT_FINE_TUNING"


class Api(StrEnum):
    """The API that starts a customization."""

    CREATE_MODEL_CUSTOMIZATION_JOB = "CreateModelCustomizationJob"
    BEDROCK_MANTLE = "bedrock-mantle"
    """The OpenAI-compatible API, with jobs and models of its own."""


class RecordFormat(StrEnum):
    """The shape of one line of a data set."""

    CONVERSE = "converse"
    """`{"schemaVersion": "bedrock-conversation-2024", "system": […], "messages": […]}`"""
    PROMPT_COMPLETION = "prompt_completion"
    """`{"prompt": "…", "completion": "…"}`"""
    CLAUDE_MESSAGES = "claude_messages"
    """`{"system": "…", "messages": [{"role": "…", "content": "…"}]}`"""
    OPENAI_MESSAGES_WITH_REFERENCE = "openai_messages_with_reference"
    """`{"messages": [{"role": "…", "content": "…"}], "reference_answer": …}`"""
    DISTILLATION_PROMPTS = "distillation_prompts"
    """As CONVERSE, with one system text, one user turn and, at will, the answer wanted."""
    CONTINUED_PRETRAINING = "continued_pretraining"
    """`{"input": "…"}`"""
    IMAGE_CAPTION = "image_caption"
    """`{"image-ref": "s3://…", "caption": "…"}`"""


class Modality(StrEnum):
    """What a model reads or writes."""

    TEXT = "TEXT"
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    DOCUMENT = "DOCUMENT"
    EMBEDDING = "EMBEDDING"


@dataclass(frozen=True, kw_only=True, slots=True)
class SetLimits:
    """Limits of a data set, both ends included; None where no source states one."""

    min_records: int | None = None
    max_records: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaLimits:
    """Limits of the images, videos or documents in a record; None where no source states one."""

    formats: tuple[str, ...] = ()
    """Values of Converse's `format`; empty where no source states them."""
    max_per_record: int | None = None
    max_bytes: int | None = None
    min_pixels: int | None = None
    """Of each side; likewise the next."""
    max_pixels: int | None = None
    max_seconds: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaRules:
    """Where media may lie and what they may be."""

    limits: Mapping[Modality, MediaLimits]
    """By the modalities other than text that a record may hold."""
    same_bucket: bool
    """Whether media must lie in the data set's own bucket."""
    one_modality: bool
    """Whether all media of a data set must be of one modality."""
    uri_characters: str | None
    """What a media URI may consist of after `s3://`, as the inside of a regex class."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Teacher:
    """A model that can answer the prompts a student learns from."""

    id: str
    """What `teacherModelIdentifier` takes."""
    name: str
    inference_profile_only: bool
    """Whether `id` is a system inference profile: rights are needed in all of its Regions."""
    lifecycle: Lifecycle


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MethodRules:
    """What a customization method asks of its data, for one base model.

    A limit is None, and a collection empty, where no source states anything.
    """

    method: Method
    api: Api
    record_format: RecordFormat
    modalities: tuple[Modality, ...]
    """What records may hold."""
    train: SetLimits
    validation: SetLimits | None
    """None where the method takes no validation set: a job that names one fails."""
    total: SetLimits
    """Training and validation set together."""
    advised_records: int | None
    """Fewer training records than this train, but poorly."""
    tokens_per_record: int | None
    bytes_per_record: int | None
    reserved_words: tuple[str, ...]
    """Text that makes the job fail wherever a record holds it; letter case matters."""
    media: MediaRules | None
    """None where records hold text alone."""
    blocks: tuple[str, ...]
    """Kinds of Converse content besides text and media, such as `toolUse`."""
    hyperparameters: Mapping[str, Hyperparameter]
    """By name, in the order people are shown."""
    teachers: tuple[Teacher, ...]
    """What this student can be distilled from; empty for other methods."""


def method_rules(method: Method, table: Table) -> MethodRules:
    """Return the rules of a method from the complete table of a base model."""
    rules: Table = table["rules"][method]
    modalities = tuple(map(Modality, rules.get("modalities") or table["input_modalities"]))
    return MethodRules(
        method=method,
        api=Api(rules.get("api", Api.CREATE_MODEL_CUSTOMIZATION_JOB)),
        record_format=RecordFormat(rules["record_format"]),
        modalities=modalities,
        train=SetLimits(**rules.get("train", {})),
        validation=SetLimits(**rules.get("validation", {})) if rules["takes_validation"] else None,
        total=SetLimits(**rules.get("total", {})),
        advised_records=rules.get("advised_records"),
        tokens_per_record=rules.get("tokens_per_record"),
        bytes_per_record=rules.get("bytes_per_record"),
        reserved_words=tuple(rules.get("reserved_words", ())),
        media=_media_rules(modalities, table["media"]),
        blocks=tuple(rules.get("blocks", ())),
        hyperparameters={
            name: _hyperparameter(name, hyperparameter)
            for name, hyperparameter in rules.get("hyperparameters", {}).items()
        },
        teachers=tuple(map(_teacher, rules["teachers"])),
    )


def _media_rules(modalities: tuple[Modality, ...], media: Table) -> MediaRules | None:
    limits: dict[Modality, MediaLimits] = {
        modality: _media_limits(media["limits"][modality])
        for modality in modalities
        if modality is not Modality.TEXT
    }
    if not limits:
        return None
    return MediaRules(
        limits=limits,
        same_bucket=media["same_bucket"],
        one_modality=media["one_modality"],
        uri_characters=media.get("uri_characters"),
    )


def _media_limits(table: Table) -> MediaLimits:
    return MediaLimits(**table | {"formats": tuple(table.get("formats", ()))})


def _hyperparameter(name: str, table: Table) -> Hyperparameter:
    return Hyperparameter(name=name, **table | {"choices": tuple(table.get("choices", ()))})


def _teacher(table: Table) -> Teacher:
    return Teacher(
        id=table["id"],
        name=table["name"],
        inference_profile_only=table.get("inference_profile_only", False),
        lifecycle=Lifecycle.of(table["lifecycle"]),
    )
