"""Files as they are listed, before any is read."""

from __future__ import annotations

from bedrock_customization_runtime.weights.rules.rule import Rule, Severity, Source

NAME_UNSAFE = Rule(
    id="file-name-unsafe",
    what="a file whose name leads out of the folder, or that S3 or Bedrock would not take",
    allowed="relative names without .. or control characters; weights of letters, digits, . _ -",
    why="whoever unpacks or copies it could write somewhere else",
    fix="find out who made the folder; rename or remove the file",
)
TWICE = Rule(
    id="file-twice",
    what="the same name twice",
    allowed="each name once",
    why="what is checked may be another file than what is imported",
    fix="write the archive again with each file once",
)
CASE = Rule(
    id="file-case",
    what="names that differ by letter case alone",
    allowed="one of them",
    why="S3 keeps both, many disks keep one: what is checked may not be what is imported",
    fix="remove or rename the one that is not meant",
)
NOT_REGULAR = Rule(
    id="file-not-regular",
    what="a link out of the folder, a device or a pipe in a model file's place",
    allowed="regular files, and links that stay within the folder or its cache",
    why="copying it would take something that is not the model's",
    fix="copy the file itself into the folder",
)
TOO_LARGE = Rule(
    id="file-too-large",
    what="a file that is far larger than any of its kind",
    allowed="no more bytes than files of its kind have",
    why="it is read whole, and its kind never needs that much",
    fix="look into the file: it is broken, or something else than its name says",
)
CUT = Rule(
    id="file-cut",
    what="a file that ends before the size it is listed with",
    allowed="as many bytes as listed",
    why="the download or upload was interrupted",
    fix="download or upload the file again",
)
LFS_POINTER = Rule(
    id="lfs-pointer",
    what="a Git LFS pointer in the file's place",
    allowed="the file itself",
    why="the repository was cloned without its large files",
    fix="run git lfs pull, or download the folder with the Hub's own tool",
)
HIDDEN = Rule(
    id="file-hidden",
    severity=Severity.WARNING,
    what="a hidden file that is named like a model's",
    allowed="visible names",
    why="it is not copied; macOS leaves such files in archives",
    fix="nothing to do, or remove it",
)
PICKLE = Rule(
    id="pickle-file",
    severity=Severity.WARNING,
    what="a file of a kind that can run code when it is loaded",
    allowed="weights as *.safetensors",
    why="it is never read nor copied",
    fix="nothing to do where the same weights are there as safetensors",
)
CODE = Rule(
    id="code-file",
    severity=Severity.WARNING,
    what="a file of code",
    allowed="weights, configuration and tokenizer",
    why="Bedrock runs no code of a model's; it is never read nor copied",
    fix="nothing to do where the model is one of transformers' own classes",
)
OTHER_WEIGHTS = Rule(
    id="other-weights",
    severity=Severity.WARNING,
    what="weights in a format that Bedrock does not import",
    allowed="weights as *.safetensors",
    why="they are not copied",
    fix="nothing to do where the same weights are there as safetensors",
    source=Source.GUIDE,
)
JSON_INVALID = Rule(
    id="json-invalid",
    what="a file that is no strict JSON object",
    allowed="one JSON object in UTF-8, each key once, numbers finite",
    why="every reader makes something else of it, or nothing",
    fix="write the file again with the tool it comes from",
)
