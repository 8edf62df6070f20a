"""Weights: which files they are, what is in them, whether the model is whole."""

from __future__ import annotations

from bedrock_customization_runtime.weights.rules.rule import Rule, Severity, Source

_SAVE = "write the weights again with save_pretrained of transformers"
_MERGE = "merge the adapter into its base model (merge_and_unload of peft) and save that"
_DEQUANTIZE = "import the weights as they were before quantization, in BF16"

MISSING = Rule(
    id="weights-missing",
    what="no weights that Bedrock imports",
    allowed="model.safetensors, or shards with model.safetensors.index.json",
    why="the import would fail",
    fix="convert the weights with save_pretrained(safe_serialization=True), on a machine that may "
    "run what is in them; name the folder that holds config.json",
    source=Source.GUIDE,
)
AMBIGUOUS = Rule(
    id="weights-ambiguous",
    what="both model.safetensors and an index of other files",
    allowed="one of them",
    why="transformers loads model.safetensors, other loaders the shards",
    fix="remove the one that is not meant",
    source=Source.TRANSFORMERS,
)
NAME = Rule(
    id="weights-name",
    severity=Severity.WARNING,
    what="a single file of weights with a name of its own",
    allowed="model.safetensors",
    why="transformers looks for that name alone; no source says whether Bedrock does",
    fix="rename it to model.safetensors",
    source=Source.TRANSFORMERS,
)
INDEX_MISSING = Rule(
    id="index-missing",
    what="several files of weights without an index",
    allowed="model.safetensors.index.json beside the shards",
    why="nobody can tell whether a shard is missing",
    fix=_SAVE,
    source=Source.TRANSFORMERS,
)
INDEX_INVALID = Rule(
    id="index-invalid",
    what="an index that does not say in which file each tensor lies",
    allowed='{"weight_map": {"<tensor>": "<file>.safetensors"}}',
    why="the shards cannot be found",
    fix=_SAVE,
    source=Source.TRANSFORMERS,
)
INDEX_FILE_NAME = Rule(
    id="index-file-name",
    what="an index that names something else than a safetensors file beside it",
    allowed="names of letters, digits, . _ - that end with .safetensors",
    why="it would lead a loader out of the folder, or to a file that can run code",
    fix=_SAVE,
)
SHARD_MISSING = Rule(
    id="shard-missing",
    what="a shard that the index names and that is not there",
    allowed="every file that the index names",
    why="the model is not whole",
    fix="download or upload the shard",
    source=Source.TRANSFORMERS,
)
SHARD_EXTRA = Rule(
    id="shard-extra",
    severity=Severity.WARNING,
    what="a safetensors file that is no part of the model",
    allowed="model.safetensors, or the files that the index names",
    why="it is not copied; some loaders read every safetensors file there is",
    fix="nothing to do, or remove it",
)
TOO_MANY_SHARDS = Rule(
    id="too-many-shards",
    what="more files of weights than any model has",
    allowed="at most 1,000",
    why="only those first by name were looked at, to bound time",
    fix="find out who made the folder",
)
TENSOR_NOT_THERE = Rule(
    id="index-tensor-missing",
    what="a tensor that is not in the shard the index names",
    allowed="index and shards of one and the same save",
    why="the model is not whole",
    fix=_SAVE,
    source=Source.TRANSFORMERS,
)
TENSOR_UNLISTED = Rule(
    id="index-tensor-unlisted",
    what="a tensor in a shard that the index does not name there",
    allowed="index and shards of one and the same save",
    why="some loaders load it, others do not",
    fix=_SAVE,
)
TENSOR_TWICE = Rule(
    id="tensor-twice",
    what="a tensor in two shards",
    allowed="each tensor once",
    why="which of the two is loaded depends on the loader",
    fix=_SAVE,
)
TOTAL_SIZE = Rule(
    id="index-total-size",
    severity=Severity.WARNING,
    what="an index whose total_size is not that of the tensors",
    allowed="the bytes of all tensors",
    why="loaders ignore it, but index and shards may come from two saves",
    fix="nothing to do if the model was merged or converted by a tool; otherwise save it again",
)
TOO_LARGE = Rule(
    id="weights-too-large",
    what="weights with more bytes than Bedrock imports",
    allowed="fewer bytes than the architecture's limit",
    why="the import would fail after everything was copied",
    fix="save the weights in BF16 if they are F32, or import a smaller model",
    source=Source.GUIDE,
)
ADAPTER = Rule(
    id="adapter-unmerged",
    what="an adapter (LoRA) that is not merged into its base model",
    allowed="whole models alone",
    why="Bedrock would import the base model without it, or fail",
    fix=_MERGE,
    source=Source.GUIDE,
)
ADAPTER_TENSORS = Rule(
    id="adapter-tensors",
    what="tensors of an adapter among the weights",
    allowed="the tensors of the architecture",
    why="the model was saved before the adapter was merged",
    fix=_MERGE,
    source=Source.GUIDE,
)
QUANTIZED_TENSORS = Rule(
    id="quantized-tensors",
    what="quantized weights",
    allowed="a number format that the guide lists, as BF16",
    why="Bedrock imports no weights that are quantized already",
    fix=_DEQUANTIZE,
    source=Source.GUIDE,
    sources_disagree="the guide takes no quantized weights, and lists gpt-oss 120B, which fits its "
    "limit of bytes in MXFP4 alone; MXFP4 passes for gpt-oss",
)
DTYPE = Rule(
    id="weight-dtype",
    what="weights of a number format that Bedrock does not list",
    allowed="a number format that the guide lists, as BF16",
    why="the import would fail",
    fix="save the weights in BF16: model.to(torch.bfloat16).save_pretrained(…)",
    source=Source.GUIDE,
)
TENSOR_MISSING = Rule(
    id="tensor-missing",
    what="a tensor of the architecture is not there",
    allowed="every tensor that transformers' class of this name has",
    why="it would be filled with random numbers, or the import fail",
    fix="save the whole model, by the class that config.json names",
    source=Source.TRANSFORMERS,
)
LAYERS = Rule(
    id="layers",
    what="other layers than config.json says",
    allowed="layers from 0 to one below the number in config.json",
    why="the missing ones would be random numbers, the others be left out",
    fix="save weights and config.json together",
    source=Source.TRANSFORMERS,
)
EMBEDDING = Rule(
    id="embedding-shape",
    what="an embedding that is not as large as config.json says",
    allowed="vocabulary size times width of config.json",
    why="the weights do not fit the model",
    fix="after adding tokens, resize the embeddings and save weights and config.json together",
    source=Source.TRANSFORMERS,
)
