"""config.json and generation_config.json: what the model is, and where it can be imported."""

from __future__ import annotations

from bedrock_customization_runtime.weights.rules.rule import Rule, Severity, Source

MISSING = Rule(
    id="config-missing",
    what="no config.json",
    allowed="config.json beside the weights",
    why="Bedrock cannot tell the architecture",
    fix="name the folder that holds config.json, or copy it there from the base model",
    source=Source.GUIDE,
)
VALUE = Rule(
    id="config-value",
    what="a field of config.json with a value that makes no sense",
    allowed="a whole number from 1",
    why="the model cannot be built from it",
    fix="take the value from the base model's config.json",
    source=Source.TRANSFORMERS,
)
ARCHITECTURE = Rule(
    id="architecture",
    what="an architecture that Bedrock does not import",
    allowed="one of the listed architectures",
    why="the import would fail",
    fix="start from a base model of a listed architecture",
    source=Source.GUIDE,
)
MODEL_TYPE = Rule(
    id="model-type",
    what="a model_type that belongs to another architecture",
    allowed="the model_type of the architecture",
    why="transformers would build another model than the one named",
    fix="take architectures and model_type from the base model's config.json",
    source=Source.TRANSFORMERS,
)
REGION = Rule(
    id="region",
    what="a Region that does not import this architecture",
    allowed="a Region that is listed for it",
    why="the import would be refused",
    fix="deploy the pipeline in one of them",
    source=Source.GUIDE,
)
CUSTOM_CODE = Rule(
    id="custom-code",
    what="a model that needs code of its own (auto_map)",
    allowed="classes of transformers",
    why="Bedrock runs no code of a model's",
    fix="save the model by transformers' own class, without auto_map",
    source=Source.TRANSFORMERS,
)
TRANSFORMERS_VERSION = Rule(
    id="transformers-version",
    severity=Severity.WARNING,
    what="a model that a newer transformers has saved",
    allowed="4.51.3 or older",
    why="the guide asks for compatibility with that version, and what is newer may be ignored",
    fix="load and save the model with that version; nothing to do if it does the same there",
    source=Source.GUIDE,
)
ROPE_PARAMETERS = Rule(
    id="rope-parameters",
    what="rope_parameters without rope_theta",
    allowed="rope_theta and rope_scaling",
    why="transformers 5 writes it; 4.51.3 ignores it and turns positions by its own default, so "
    "that answers are wrong and nothing fails",
    fix="write rope_theta and rope_scaling into config.json, as the base model has them",
    source=Source.TRANSFORMERS,
)
ROPE_SCALING = Rule(
    id="rope-scaling",
    severity=Severity.WARNING,
    what="a rope_scaling of Llama 3 that Bedrock overrides",
    allowed="the values that Bedrock uses",
    why="Bedrock runs every Llama 3 with these values, so that answers may differ",
    fix="compare answers with those elsewhere; long prompts differ most",
    source=Source.GUIDE,
)
QUANTIZED = Rule(
    id="quantized",
    what="a quantization_config",
    allowed="none",
    why="Bedrock imports no weights that are quantized already",
    fix="import the weights as they were before quantization, in BF16",
    source=Source.GUIDE,
    sources_disagree="the guide takes no quantized weights, and lists gpt-oss 120B, which fits its "
    "limit of bytes in MXFP4 alone; MXFP4 passes for gpt-oss",
)
CONTEXT_LENGTH = Rule(
    id="context-length",
    what="a longer context than Bedrock imports",
    allowed="at most 131,072 tokens",
    why="the import would fail",
    fix="lower max_position_embeddings in config.json, and rope_scaling with it",
    source=Source.GUIDE,
    sources_disagree="the guide says less than 128K, and lists Llama 3.1, whose configuration says "
    "131,072; 131,072 itself passes",
)
GENERATION_CONFIG = Rule(
    id="generation-config",
    what="a generation_config.json without the end tokens that Bedrock asks for",
    allowed="the end tokens of the architecture",
    why="the model would not stop, or the import fail",
    fix="copy generation_config.json from the base model",
    source=Source.GUIDE,
)
