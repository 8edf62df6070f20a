"""Tokenizers and chat templates that are broken or hostile."""

from broken import QWEN_VL, TEXTS, broken, tokens
from model_folders import (
    ROWS,
    TEMPLATE,
    model,
    tokenizer_json,
)

TOKENIZERS = [
    broken(
        "a model of images without its processor",
        "processor-missing",
        None,
        "no preprocessor_config.json",
        model(QWEN_VL),
    ),
    broken(
        "no tokenizer",
        "tokenizer-missing",
        None,
        "no tokenizer.json",
        model(change={"tokenizer.json": None}),
    ),
    broken(
        "a tokenizer of transformers 5",
        "tokenizer-class",
        TEXTS,
        "TokenizersBackend",
        model(tokenizer_config={"tokenizer_class": "TokenizersBackend"}),
    ),
    broken(
        "a tokenizer of no class",
        "tokenizer-class-missing",
        TEXTS,
        "none",
        model(tokenizer_config={"tokenizer_class": None}),
    ),
    broken(
        "SentencePiece without its model",
        "tokenizer-model-missing",
        TEXTS,
        "LlamaTokenizer, no tokenizer.model",
        model(tokenizer_config={"tokenizer_class": "LlamaTokenizer"}),
    ),
    broken("a tokenizer of nothing", "tokenizer-invalid", "tokenizer.json", "model", tokens()),
    broken(
        "a tokenizer of no words",
        "tokenizer-invalid",
        "tokenizer.json",
        "0 tokens",
        tokens(model={"vocab": {}}),
    ),
    broken(
        "a token numbered by a text",
        "tokenizer-invalid",
        "tokenizer.json",
        "Expected `int`",
        tokens(model={"vocab": {"a": "1"}}),
    ),
    broken(
        "a tokenizer nested 100,000 deep",
        "tokenizer-invalid",
        "tokenizer.json",
        "recursion",
        model(change={"tokenizer.json": b'{"x":' + b"[" * 100_000}),
    ),
    broken(
        "700,000 words",
        "tokenizer-invalid",
        "tokenizer.json",
        "too large",
        model(
            change={"tokenizer.json": b'{"model":{"vocab":{' + b'"a":1,' * 700_000 + b'"b":2}}}'}
        ),
    ),
    broken(
        "more words than rows",
        "tokenizer-vocabulary",
        "tokenizer.json",
        f"number {ROWS}",
        model(change={"tokenizer.json": tokenizer_json(words=ROWS + 1)}),
    ),
    broken(
        "an added token beyond the embedding",
        "tokenizer-vocabulary",
        "tokenizer.json",
        "number 4000",
        tokens(model={"vocab": {"a": 0}}, added_tokens=[{"id": 4000, "content": "<x>"}]),
    ),
]

FAR = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}"
TEMPLATES = [
    broken("no template", "chat-template-missing", None, "none", model()),
    broken(
        "templates that disagree",
        "chat-template-ambiguous",
        None,
        "tokenizer_config.json and chat_template.jinja",
        model(template=TEMPLATE, change={"chat_template.jinja": TEMPLATE.encode() + b"!"}),
    ),
    broken(
        "a template of the wrong syntax",
        "chat-template-invalid",
        TEXTS,
        "line 1",
        model(template="{% for message in messages %}{{ message"),
    ),
    broken(
        "a filter that Jinja does not have",
        "chat-template-invalid",
        TEXTS,
        "No filter named 'shell'",
        model(template="{{ messages | shell }}"),
    ),
    broken("a template that is a number", "chat-template-invalid", TEXTS, "7", model(template=7)),
    broken(
        "named templates without a default",
        "chat-template-invalid",
        TEXTS,
        "[an object]",
        model(template=[{"name": "rag", "template": TEMPLATE}]),
    ),
    broken(
        "Python's classes from a text",
        "chat-template-unsafe",
        TEXTS,
        ".__subclasses__",
        model(template=TEMPLATE + "{{ ''.__class__.__mro__[1].__subclasses__() }}"),
    ),
    broken(
        "Python's classes in a branch that is never taken",
        "chat-template-unsafe",
        TEXTS,
        "line 1: __globals__",
        model(
            template=TEMPLATE + "{% if 'x9' in messages %}{{ cycler['__globals__'] }}{% endif %}"
        ),
    ),
    broken(
        "Python's classes by a name put together",
        "chat-template-unsafe",
        TEXTS,
        "unsafe",
        model(template=TEMPLATE + "{{ ''['__cla' ~ 'ss__']['__mr' ~ 'o__'] }}"),
    ),
    broken(
        "a file of the host",
        "chat-template-unsafe",
        TEXTS,
        "include",
        model(template=TEMPLATE + "{% include '/etc/passwd' %}"),
    ),
    broken(
        "a template of 10¹² steps that write nothing",
        "chat-template-endless",
        TEXTS,
        "limits",
        model(template=FAR + "{% endfor %}" * 3),
    ),
    broken(
        "a template of 10¹⁰ characters",
        "chat-template-endless",
        TEXTS,
        "MemoryError",
        model(template=TEMPLATE + "{{ 'x' * 10000000000 }}"),
    ),
    broken(
        "a range of 10⁹",
        "chat-template-endless",
        TEXTS,
        "OverflowError",
        model(template=TEMPLATE + "{% for a in range(1000000000) %}x{% endfor %}"),
    ),
    broken(
        "a template that raises",
        "chat-template-fails",
        TEXTS,
        "TemplateError: not today",
        model(template="{{ raise_exception('not today') }}"),
    ),
    broken(
        "a template that asks something else",
        "chat-template-fails",
        TEXTS,
        "leaves it out",
        model(template="Say that all is well."),
    ),
    broken(
        "a template without a system prompt",
        "chat-template-system",
        TEXTS,
        "TemplateError: only users",
        model(
            template="{% for m in messages %}{% if m.role == 'system' %}"
            "{{ raise_exception('only users') }}{% endif %}{{ m.content }}{% endfor %}"
        ),
    ),
    broken(
        "a template of 1 MB",
        "file-too-large",
        TEXTS,
        "1,000,000 characters",
        model(template="x" * 1_000_000),
    ),
]
