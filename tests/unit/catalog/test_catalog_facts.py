"""Facts that the catalogue must tell, one from each corner of the data."""

import subprocess
import sys
from datetime import date

import pytest

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import Method, Modality, RecordFormat

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
NOVA_LITE = "amazon.nova-lite-v1:0:300k"
NOVA_PRO = "amazon.nova-pro-v1:0:300k"
NOVA_2_LITE = "amazon.nova-2-lite-v1:0:256k"
NOVA_CANVAS = "amazon.nova-canvas-v1:0"
LLAMA_3_1_8B = "meta.llama3-1-8b-instruct-v1:0:128k"
LLAMA_3_1_70B = "meta.llama3-1-70b-instruct-v1:0:128k"
LLAMA_3_2_11B = "meta.llama3-2-11b-instruct-v1:0:128k"
LLAMA_3_2_90B = "meta.llama3-2-90b-instruct-v1:0:128k"
LLAMA_3_3_70B = "meta.llama3-3-70b-instruct-v1:0:128k"
CLAUDE_3_HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
TITAN_LITE = "amazon.titan-text-lite-v1:0:4k"
TITAN_EXPRESS = "amazon.titan-text-express-v1:0:8k"
TITAN_PREMIER = "amazon.titan-text-premier-v1:0:32k"
TITAN_IMAGE = "amazon.titan-image-generator-v2:0"
TITAN_EMBEDDINGS = "amazon.titan-embed-image-v1:0"
COMMAND = "cohere.command-text-v14:7:4k"
COMMAND_LIGHT = "cohere.command-light-text-v14:7:4k"
GPT_OSS = "openai.gpt-oss-20b"


def rules_of(id, method=Method.FINE_TUNING):
    return catalog.base_model(id).methods[method]


def range_of(id, name, method=Method.FINE_TUNING):
    hyperparameter = rules_of(id, method).hyperparameters[name]
    return hyperparameter.minimum, hyperparameter.maximum, hyperparameter.default


@pytest.mark.parametrize(
    ("id", "inference_id"),
    [
        (NOVA_MICRO, "amazon.nova-micro-v1:0"),
        (NOVA_2_LITE, "us.amazon.nova-2-lite-v1:0"),
        (LLAMA_3_1_8B, "meta.llama3-1-8b-instruct-v1:0"),
        (LLAMA_3_2_11B, "us.meta.llama3-2-11b-instruct-v1:0"),
        (LLAMA_3_3_70B, "us.meta.llama3-3-70b-instruct-v1:0"),
        (TITAN_EMBEDDINGS, "amazon.titan-embed-image-v1"),
        (GPT_OSS, "openai.gpt-oss-20b-1:0"),
    ],
)
def test_a_base_model_is_invoked_by_another_id_than_it_is_customized_by(id, inference_id):
    assert catalog.base_model(id).inference_id == inference_id


@pytest.mark.parametrize(
    ("id", "regions"),
    [
        (NOVA_PRO, ("us-east-1",)),
        (LLAMA_3_3_70B, ("us-west-2",)),
        (CLAUDE_3_HAIKU, ("us-west-2",)),
        (TITAN_EMBEDDINGS, ("us-east-1", "us-west-2")),
        (GPT_OSS, ("us-west-2",)),
    ],
)
def test_the_region_follows_the_model(id, regions):
    assert catalog.base_model(id).regions == regions


@pytest.mark.parametrize(
    ("id", "legacy", "end"),
    [
        (CLAUDE_3_HAIKU, date(2026, 3, 10), date(2026, 9, 10)),
        (NOVA_CANVAS, date(2026, 3, 30), date(2026, 9, 30)),
        (TITAN_IMAGE, date(2025, 12, 30), date(2026, 6, 30)),
        (LLAMA_3_2_90B, date(2026, 1, 7), date(2026, 7, 7)),
        (LLAMA_3_1_8B, None, date(2027, 3, 30)),
        (LLAMA_3_3_70B, None, date(2027, 3, 30)),
    ],
)
def test_models_on_their_way_out_have_their_dates(id, legacy, end):
    lifecycle = catalog.base_model(id).lifecycle
    assert (lifecycle.legacy_date, lifecycle.end_of_life) == (legacy, end)


@pytest.mark.parametrize(
    ("id", "method", "record_format"),
    [
        (NOVA_MICRO, Method.FINE_TUNING, RecordFormat.CONVERSE),
        (NOVA_MICRO, Method.DISTILLATION, RecordFormat.DISTILLATION_PROMPTS),
        (
            NOVA_2_LITE,
            Method.REINFORCEMENT_FINE_TUNING,
            RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE,
        ),
        (LLAMA_3_1_8B, Method.FINE_TUNING, RecordFormat.PROMPT_COMPLETION),
        (LLAMA_3_2_90B, Method.FINE_TUNING, RecordFormat.CONVERSE),
        (LLAMA_3_3_70B, Method.FINE_TUNING, RecordFormat.CONVERSE),
        (CLAUDE_3_HAIKU, Method.FINE_TUNING, RecordFormat.CLAUDE_MESSAGES),
        (TITAN_EXPRESS, Method.CONTINUED_PRE_TRAINING, RecordFormat.CONTINUED_PRETRAINING),
        (TITAN_EMBEDDINGS, Method.FINE_TUNING, RecordFormat.IMAGE_CAPTION),
    ],
)
def test_each_method_has_its_own_record_format(id, method, record_format):
    assert rules_of(id, method).record_format is record_format


def test_nova_trains_on_8_to_20000_records_and_200_are_advised():
    rules = rules_of(NOVA_LITE)
    assert (rules.train.min_records, rules.train.max_records) == (8, 20_000)
    assert rules.total.max_records == 20_000
    assert rules.advised_records == 200


def test_llama_counts_training_and_validation_records_together():
    rules = rules_of(LLAMA_3_3_70B)
    assert (rules.total.min_records, rules.total.max_records) == (100, 10_000)
    assert rules.train.min_records is None


def test_claude_3_haiku_had_limits_for_each_set_and_for_both():
    rules = rules_of(CLAUDE_3_HAIKU)
    assert (rules.train.min_records, rules.train.max_records) == (32, 10_000)
    assert (rules.validation.min_records, rules.validation.max_records) == (32, 1_000)
    assert rules.total.max_records == 10_000
    assert rules.train.max_bytes == 10 * rules.validation.max_bytes == 10 * 1024**3


@pytest.mark.parametrize(
    ("id", "tokens"),
    [
        (NOVA_MICRO, 32_000),
        (LLAMA_3_1_8B, 16_000),
        (LLAMA_3_2_11B, 16_000),
        (LLAMA_3_2_90B, 10_000),
        (CLAUDE_3_HAIKU, 32_000),
        (TITAN_EXPRESS, 4_096),
    ],
)
def test_a_record_has_at_most_so_many_tokens(id, tokens):
    assert rules_of(id).tokens_per_record == tokens


@pytest.mark.parametrize("id", [NOVA_2_LITE, NOVA_CANVAS, TITAN_IMAGE, TITAN_EMBEDDINGS])
def test_nova_2_lite_and_image_models_are_fine_tuned_without_a_validation_set(id):
    assert rules_of(id).validation is None


@pytest.mark.parametrize("id", [NOVA_MICRO, NOVA_LITE, NOVA_PRO, LLAMA_3_1_8B, LLAMA_3_3_70B])
def test_nova_1_and_llama_take_a_validation_set(id):
    assert rules_of(id).validation is not None


def test_reinforcement_fine_tuning_takes_a_validation_set():
    rules = rules_of(NOVA_2_LITE, Method.REINFORCEMENT_FINE_TUNING)
    assert rules.validation is not None
    assert (rules.train.min_records, rules.train.max_records) == (100, 20_000)
    assert rules.modalities == (Modality.TEXT,)


def test_nova_fails_on_words_that_mark_turns_and_media():
    words = rules_of(NOVA_MICRO).reserved_words
    assert {"User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]"} < set(words)
    assert {"USER:", "BOT:", "ASSISTANT:", "SYSTEM:", "Thought:", "<unk>"} < set(words)
    assert rules_of(LLAMA_3_3_70B).reserved_words == ()


def test_nova_micro_reads_text_alone():
    assert rules_of(NOVA_MICRO).modalities == (Modality.TEXT,)
    assert rules_of(NOVA_MICRO).media is None


def test_nova_lite_takes_ten_images_or_one_video_from_the_data_sets_own_bucket():
    media = rules_of(NOVA_LITE).media
    assert set(media.limits) == {Modality.IMAGE, Modality.VIDEO}
    assert media.same_bucket
    assert media.one_modality
    assert media.limits[Modality.IMAGE].max_per_record == 10
    assert media.limits[Modality.IMAGE].min_pixels == 25
    assert media.limits[Modality.VIDEO].max_per_record == 1
    assert media.limits[Modality.VIDEO].max_seconds == 90
    assert media.limits[Modality.VIDEO].max_bytes == 50 * 1024**2


def test_only_nova_2_lite_reads_documents():
    readers = [
        model.id
        for model in catalog.base_models()
        if any(Modality.DOCUMENT in rules.modalities for rules in model.methods.values())
    ]
    assert readers == [NOVA_2_LITE]
    assert rules_of(NOVA_2_LITE).media.limits[Modality.DOCUMENT].formats == ("pdf",)


def test_llama_3_2_takes_images_of_10_to_8192_pixels_and_llama_3_3_takes_none():
    image = rules_of(LLAMA_3_2_11B).media.limits[Modality.IMAGE]
    assert (image.min_pixels, image.max_pixels) == (10, 8_192)
    assert image.max_bytes == 10 * 1024**2
    assert rules_of(LLAMA_3_3_70B).media is None


@pytest.mark.parametrize(
    ("id", "name", "minimum", "maximum", "default"),
    [
        (NOVA_MICRO, "epochCount", 1, 5, 2),
        (NOVA_PRO, "learningRate", 1e-6, 1e-4, 1e-5),
        (NOVA_2_LITE, "learningRateWarmupSteps", 0, 100, 10),
        (LLAMA_3_3_70B, "epochCount", 1, 10, 5),
        (LLAMA_3_1_8B, "batchSize", 1, 1, 1),
        (LLAMA_3_1_8B, "learningRate", 5e-6, 0.1, 1e-4),
        (CLAUDE_3_HAIKU, "learningRateMultiplier", 0.1, 2.0, 1.0),
        (CLAUDE_3_HAIKU, "batchSize", 4, 256, 32),
        (TITAN_LITE, "epochCount", 1, 10, 5),
        (TITAN_PREMIER, "epochCount", 1, 5, 2),
        (TITAN_PREMIER, "learningRate", 1e-7, 1e-5, 1e-6),
        (TITAN_PREMIER, "learningRateWarmupSteps", 0, 20, 5),
        (COMMAND, "batchSize", 8, 8, 8),
        (COMMAND_LIGHT, "batchSize", 8, 32, 8),
        (COMMAND_LIGHT, "earlyStoppingPatience", 1, 10, 6),
        (NOVA_CANVAS, "stepCount", 10, 20_000, 500),
        (TITAN_IMAGE, "stepCount", 10, 40_000, None),
        (TITAN_EMBEDDINGS, "batchSize", 256, 9_216, 576),
    ],
)
def test_hyperparameters_of_fine_tuning(id, name, minimum, maximum, default):
    assert range_of(id, name) == (minimum, maximum, default)


def test_nova_has_no_batch_size_because_the_guide_lists_none():
    assert "batchSize" not in rules_of(NOVA_LITE).hyperparameters
    assert any("batchSize" in note for note in catalog.base_model(NOVA_LITE).sources_disagree)


def test_hyperparameters_of_reinforcement_fine_tuning_are_the_apis():
    rft = Method.REINFORCEMENT_FINE_TUNING
    assert range_of(NOVA_2_LITE, "epochCount", rft) == (1, 50, 1)
    assert range_of(NOVA_2_LITE, "batchSize", rft) == (16, 512, 128)
    assert range_of(NOVA_2_LITE, "trainingSamplePerPrompt", rft) == (2, 16, 8)
    effort = rules_of(NOVA_2_LITE, rft).hyperparameters["reasoningEffort"]
    assert effort.choices == ("low", "medium", "high")


@pytest.mark.parametrize(
    ("id", "on_demand", "provisioned"),
    [
        (NOVA_MICRO, True, True),
        (NOVA_2_LITE, True, True),
        (LLAMA_3_1_8B, False, True),
        (LLAMA_3_2_90B, False, True),
        (LLAMA_3_3_70B, True, False),
        (GPT_OSS, False, False),
    ],
)
def test_how_a_custom_model_is_deployed_depends_on_its_base(id, on_demand, provisioned):
    deployability = catalog.base_model(id).deployability
    assert (deployability.on_demand, deployability.provisioned) == (on_demand, provisioned)


def test_on_demand_deployment_is_for_models_customized_since_16_july_2025():
    since = {
        model.deployability.customized_since
        for model in catalog.base_models()
        if model.deployability.on_demand
    }
    assert since == {date(2025, 7, 16)}


def test_nova_pro_and_llama_answer_fewer_requests_a_minute_than_nova_micro():
    def quotas(id):
        return catalog.base_model(id).deployability.quotas

    assert quotas(NOVA_MICRO).requests_per_minute == 2_000
    assert quotas(NOVA_MICRO).tokens_per_day == 5_760_000_000
    assert quotas(NOVA_PRO).requests_per_minute == 200
    assert quotas(NOVA_PRO).tokens_per_minute == 800_000
    assert quotas(LLAMA_3_3_70B).requests_per_minute == 400
    assert quotas(LLAMA_3_3_70B).tokens_per_day == 432_000_000


def test_students_have_the_teachers_of_the_guide():
    def teachers(id):
        return [teacher.id for teacher in rules_of(id, Method.DISTILLATION).teachers]

    assert teachers(NOVA_LITE) == ["amazon.nova-pro-v1:0", "us.amazon.nova-premier-v1:0"]
    assert teachers(NOVA_PRO) == ["us.amazon.nova-premier-v1:0"]
    assert teachers(LLAMA_3_3_70B) == ["meta.llama3-1-405b-instruct-v1:0"]
    assert "us.meta.llama3-3-70b-instruct-v1:0" in teachers(LLAMA_3_1_8B)


def test_nova_premier_and_llama_3_3_teach_through_an_inference_profile_only():
    profiles = {
        teacher.name
        for model in catalog.base_models()
        for rules in model.methods.values()
        for teacher in rules.teachers
        if teacher.inference_profile_only
    }
    assert profiles == {"Nova Premier", "Llama 3.3 70B Instruct"}


def test_distillation_takes_100_to_15000_prompts_of_16_kb():
    rules = rules_of(NOVA_MICRO, Method.DISTILLATION)
    assert (rules.train.min_records, rules.train.max_records) == (100, 15_000)
    assert rules.bytes_per_record == 16 * 1024
    assert rules.train.max_bytes == 2 * 1024**3
    assert rules_of(LLAMA_3_1_8B, Method.DISTILLATION).tokens_per_record == 32_000
    assert rules_of(LLAMA_3_1_70B, Method.DISTILLATION).tokens_per_record == 16_000


def test_prices_have_a_source_and_a_day():
    price = catalog.base_model(LLAMA_3_3_70B).prices.training_per_1k_tokens
    assert price.usd == 0.0033
    assert price.as_of == "2026-07"
    assert not price.unverified
    assert catalog.base_model(NOVA_MICRO).prices.input_per_1k_tokens.usd == 0.000035
    assert catalog.base_model(NOVA_LITE).prices.provisioned_per_model_unit_hour.usd == 108.15


def test_a_price_nobody_documents_is_marked_and_a_missing_one_is_unknown():
    assert catalog.base_model(NOVA_PRO).prices.training_per_1k_tokens.unverified
    assert catalog.base_model(NOVA_2_LITE).prices.training_per_1k_tokens is None


def test_contradictions_between_documents_are_told():
    notes = " ".join(catalog.base_model(NOVA_2_LITE).sources_disagree)
    for topic in ("minimum of records", "batchSize", "reasoningEffort", "video"):
        assert topic in notes


def test_the_service_keeps_a_model_for_1_95_dollars_a_month():
    assert catalog.service().storage_per_model_month.usd == 1.95


def test_an_account_has_ten_scheduled_jobs_that_nobody_can_raise():
    quotas = catalog.service().quotas
    assert quotas["scheduled_customization_jobs"].value == 10
    assert not quotas["scheduled_customization_jobs"].adjustable
    assert quotas["custom_models"].value == 100
    assert quotas["custom_model_deployments"].value == 10
    assert quotas["custom_model_deployments_in_progress"].value == 2


def test_provisioned_throughput_is_nobodys_until_its_quota_is_raised():
    quota = catalog.service().quotas["provisioned_model_units_without_commitment"]
    assert (quota.value, quota.code) == (0, "L-BE77399C")


def test_importing_the_catalogue_reads_no_data_and_loads_no_library():
    script = (
        "import sys, bedrock_customization_runtime.catalog as catalog\n"
        "libraries = {'boto3', 'numpy', 'msgspec', 'jinja2', 'matplotlib', 'tomllib'}\n"
        "print(sorted(libraries & set(sys.modules)), catalog.base_models.cache_info().currsize)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "[] 0\n"
