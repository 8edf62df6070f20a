"""Tokenizer, processor and chat template: what turns a conversation into tokens."""

from __future__ import annotations

from bedrock_customization_runtime.weights.rules.rule import Rule, Severity, Source

_COPY = "copy it from the base model, or save the tokenizer beside the weights (save_pretrained)"
_TEMPLATE = "take the chat template of the base model"

MISSING = Rule(
    id="tokenizer-missing",
    what="a file of the tokenizer is not there",
    allowed="tokenizer.json and tokenizer_config.json",
    why="the import would fail",
    fix=_COPY,
    source=Source.GUIDE,
)
MODEL_MISSING = Rule(
    id="tokenizer-model-missing",
    severity=Severity.WARNING,
    what="a SentencePiece tokenizer without its model file",
    allowed="tokenizer.model, of T5 spiece.model",
    why="the guide lists it where the tokenizer has one; tokenizer.json may do instead",
    fix=_COPY,
    source=Source.GUIDE,
)
CLASS = Rule(
    id="tokenizer-class",
    what="a tokenizer of a class that Bedrock does not take",
    allowed="a class that the guide lists, as PreTrainedTokenizerFast",
    why="the import would fail",
    fix="save the tokenizer with transformers 4.51.3, or as PreTrainedTokenizerFast",
    source=Source.GUIDE,
)
CLASS_MISSING = Rule(
    id="tokenizer-class-missing",
    severity=Severity.WARNING,
    what="a tokenizer_config.json without a tokenizer_class",
    allowed="a class that the guide lists, as PreTrainedTokenizerFast",
    why="the class is guessed from the architecture",
    fix="write the base model's tokenizer_class into it",
    source=Source.TRANSFORMERS,
)
INVALID = Rule(
    id="tokenizer-invalid",
    what="a tokenizer.json that is no tokenizer",
    allowed="a model with a vocabulary of at most 500,000 tokens, each with its number",
    why="no text can be turned into tokens",
    fix=_COPY,
    source=Source.TRANSFORMERS,
)
VOCABULARY = Rule(
    id="tokenizer-vocabulary",
    what="a token whose number is beyond the embedding",
    allowed="numbers below the rows of the embedding",
    why="a text with that token would crash the model",
    fix="resize the embeddings after adding tokens, or use the base model's tokenizer",
    source=Source.TRANSFORMERS,
)
PROCESSOR_MISSING = Rule(
    id="processor-missing",
    severity=Severity.WARNING,
    what="a model that reads images without preprocessor_config.json",
    allowed="preprocessor_config.json",
    why="nothing says how an image becomes numbers",
    fix="copy it from the base model",
    source=Source.TRANSFORMERS,
)
TEMPLATE_MISSING = Rule(
    id="chat-template-missing",
    severity=Severity.WARNING,
    what="no chat template",
    allowed="chat_template in tokenizer_config.json, chat_template.jinja or chat_template.json",
    why="Converse is not offered, and the model answers as one that only completes text",
    fix="nothing to do for a base model; otherwise " + _TEMPLATE,
    source=Source.GUIDE,
)
TEMPLATE_AMBIGUOUS = Rule(
    id="chat-template-ambiguous",
    what="chat templates that differ",
    allowed="one chat template, or the same text in each place",
    why="which one is used depends on the loader, and with it what the model is asked",
    fix="keep one of them",
    sources_disagree="the guide says that chat_template.jinja and chat_template.json win over "
    "tokenizer_config.json, and not which of the two; refused here",
)
TEMPLATE_INVALID = Rule(
    id="chat-template-invalid",
    what="a chat template that is no Jinja template",
    allowed="a text that Jinja compiles, or named texts of which one is default",
    why="no conversation could be written with it",
    fix=_TEMPLATE,
    source=Source.TRANSFORMERS,
)
TEMPLATE_UNSAFE = Rule(
    id="chat-template-unsafe",
    what="a chat template that reaches for Python's internals or for other files",
    allowed="messages, filters and tests of Jinja's sandbox",
    why="it runs wherever the model is loaded",
    fix="find out who wrote it; " + _TEMPLATE,
)
TEMPLATE_ENDLESS = Rule(
    id="chat-template-endless",
    what="a chat template that takes too much time or memory",
    allowed="1 s and 96 MiB for a conversation of four turns",
    why="every call would hang",
    fix=_TEMPLATE,
)
TEMPLATE_FAILS = Rule(
    id="chat-template-fails",
    what="a chat template that cannot write a plain question",
    allowed="a text that holds the user's question",
    why="every call would fail, or ask something else",
    fix=_TEMPLATE,
)
TEMPLATE_SYSTEM = Rule(
    id="chat-template-system",
    severity=Severity.WARNING,
    what="a chat template that takes no system prompt",
    allowed="a system message first",
    why="calls with a system prompt fail, or lose it",
    fix="put instructions into the user's turn, in training and in use alike",
)
