"""How far the token estimate is off: `uv run --no-project --with litellm --with mistral-common --with tiktoken --with tokenizers --with msgspec --with xxhash --with numpy python benchmarks/tokens.py`.

Beside tokenizers whose vocabularies come inside packages of the registry, nothing is downloaded. None
of them is a base model's own: Nova's and Claude 3's are not published, Llama's only under its terms.
Five of four makers, from 32,000 to 200,000 tokens, bracket them. Writes docs/token-estimates.md.
"""  # noqa: E501 - a command is copied whole

from __future__ import annotations

import base64
import csv
import inspect
import json
import random
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "token-estimates.md"
sys.path.insert(0, str(ROOT / "lambdas"))

from bedrock_customization_runtime.datasets import tokens  # noqa: E402 - found by the line above
from bedrock_customization_runtime.datasets.record_formats.records import exchange  # noqa: E402 - likewise

MODERN = ("cl100k", "o200k", "Claude 2", "Tekken")
"""Those of the size that today's base models have; the limits are judged by them."""

TEXT = """\
# Token estimates

No tokenizer of a base model can be had from a package registry, so tokens are estimated by kinds
of characters (`datasets/tokens.py`). `benchmarks/tokens.py` compares the estimate with five public
tokenizers. A cell is the median of estimated by counted tokens: 1.00 is right, 0.80 is a fifth too
few. The last column is the share of texts whose cautious figure, the one that limits are held to,
is below the largest of {modern}.

{table}

Against the median of those four: {middle:.2f} for the median text, {low:.2f} to {high:.2f} for nine
texts of ten. Most of them are English; for one text in another language, of digits or of signs,
expect a third, because the tokenizers themselves differ by two to three times there. The cautious
figure is 1.5 to 2 times the likely one for English prose, about what AWS's own validator assumes
(three characters a token).
"""

# Article 1 of the Universal Declaration of Human Rights, which belongs to everyone, in 27
# languages, and short pieces of code and signs.
SAMPLES = json.loads(Path(__file__).with_name("token_samples.json").read_text(encoding="utf-8"))
ARTICLE: dict[str, str] = SAMPLES["languages"]
SIGNS: dict[str, str] = SAMPLES["signs"]
EUROPEAN = (
    "French", "German", "Spanish", "Portuguese", "Italian", "Dutch", "Polish", "Czech", "Swedish",
    "Finnish", "Turkish", "Vietnamese", "Indonesian",
)  # fmt: skip
CYRILLIC_AND_GREEK = ("Russian", "Ukrainian", "Greek")
EAST_ASIAN = ("Chinese", "Japanese", "Korean")


def samples(rows: Path | None) -> dict[str, list[str]]:
    """Return texts by kind: the samples, seeded ones, and the strings of a file of JSON lines."""
    source = random.Random(1)  # noqa: S311 - no secrets
    kinds: dict[str, list[str]] = {
        "English": [ARTICLE["English"]],
        "European languages": [ARTICLE[name] for name in EUROPEAN],
        "Cyrillic and Greek": [ARTICLE[name] for name in CYRILLIC_AND_GREEK],
        "Chinese, Japanese, Korean": [ARTICLE[name] for name in EAST_ASIAN],
        "other scripts": [
            text
            for name, text in ARTICLE.items()
            if name not in {"English", *EUROPEAN, *CYRILLIC_AND_GREEK, *EAST_ASIAN}
        ],
        "code and markup": [
            text for name, text in SIGNS.items() if name not in {"formulae", "emoji"}
        ],
        "formulae and emoji": [SIGNS["formulae"], SIGNS["emoji"]],
        "digits": [
            " ".join(str(source.randrange(10**length)) for _ in range(40))
            for length in (1, 2, 3, 4, 6, 9, 16)
        ]
        + [
            f"2024-{month:02d}-15T10:30:0{month % 10}Z +49 30 {month}123456 {month}.99 EUR"
            for month in range(1, 13)
        ],
        "hashes and base64": [source.randbytes(32).hex() for _ in range(6)]
        + [base64.b64encode(source.randbytes(60)).decode() for _ in range(6)],
        "identifiers and URLs": [
            "https://example.org/api/v2/customers/4711/orders?from=2024-01-01&limit=50#top",
            "getCustomerOrderHistoryByIdAndDate, MAX_RETRY_COUNT, snake_case_name, kebab-case-name",
            "/usr/local/lib/python3.13/site-packages/numpy/core/_multiarray_umath.so",
        ],
    }  # fmt: skip
    excerpt = ROOT / "local" / "bedrock_customization_local" / "demo_data" / "banking77_excerpt.csv"
    with excerpt.open(encoding="utf-8") as file:
        kinds["short English questions"] = [row["text"] for row in csv.DictReader(file)][:500]
    if rows is not None:
        found: list[str] = []
        for line in rows.read_text(encoding="utf-8").splitlines():
            found += [value for value in json.loads(line).values() if isinstance(value, str)]
        kinds[f"texts of {rows.name}"] = [text for text in found if len(text) > 20][:1000]  # noqa: PLR2004 - ids are none
    for name in ("English", "European languages"):
        kinds[name] += ["\n\n".join(kinds[name])] if len(kinds[name]) > 1 else []
    return kinds


def counters() -> dict[str, Callable[[str], int]]:
    """Return tokenizers by name."""
    import tiktoken  # noqa: PLC0415 - of the benchmark's own environment, likewise the next
    from mistral_common.tokens.tokenizers.sentencepiece import SentencePieceTokenizer  # noqa: PLC0415
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer  # noqa: PLC0415
    from tiktoken.load import load_tiktoken_bpe  # noqa: PLC0415
    from tiktoken_ext import openai_public  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415

    litellm = _folder("litellm") / "litellm_core_utils" / "tokenizers"
    mistral = _folder("mistral_common") / "data"
    # Files of litellm go by the hash of the address they once came from.
    bpe = {
        "cl100k": ("9b5ad71b2ce5302211f9c61530b329a4922fc6a4", openai_public.cl100k_base),
        "o200k": ("fb374d419588a4632f3f557e76b4b70aebbca790", openai_public.o200k_base),
    }
    found: dict[str, Callable[[str], int]] = {}
    for name, (file, encoding) in bpe.items():
        ranks = load_tiktoken_bpe(str(litellm / file))
        pattern = _pattern(encoding)
        made = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        found[name] = lambda text, made=made: len(made.encode_ordinary(text))
    claude = Tokenizer.from_file(str(litellm / "anthropic_tokenizer.json"))
    found["Claude 2"] = lambda text: len(claude.encode(text).ids)
    tekken = Tekkenizer.from_file(mistral / "tekken_240911.json")
    found["Tekken"] = lambda text: len(tekken.encode(text, bos=False, eos=False))
    piece = SentencePieceTokenizer(str(mistral / "mistral_instruct_tokenizer_240323.model.v3"))
    found["Mistral v3"] = lambda text: len(piece.encode(text, bos=False, eos=False))
    return found


def _pattern(encoding: Callable[[], object]) -> str:
    """Return how an encoding cuts texts into words, from its source: calling it would download."""
    pieces = re.findall(r'r"""(.*?)"""', inspect.getsource(encoding), re.DOTALL)
    return "|".join(pieces)


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is missing: run the command that this file begins with")
    return Path(spec.origin).parent


def estimated(text: str) -> tokens.Tokens:
    """Return the estimate of a text alone, without its chat template."""
    with_text, without = (tokens.estimate(exchange(None, said, "")) for said in (text, ""))
    return tokens.Tokens(with_text.likely - without.likely, with_text.most - without.most)


def main() -> None:
    """Write the page. An argument names a file of JSON lines whose strings are counted too."""
    rows = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    found = counters()
    lines = [
        "| kind | texts | " + " | ".join(found) + " | most too low |",
        "| --- | ---: | " + " | ".join("---:" for _ in found) + " | ---: |",
    ]
    every: list[float] = []
    for kind, texts in samples(rows).items():
        true = {name: [count(text) for text in texts] for name, count in found.items()}
        ours = [estimated(text) for text in texts]
        cells = []
        for counts in true.values():
            ratios = [one.likely / count for one, count in zip(ours, counts, strict=True)]
            cells.append(f"{median(ratios):.2f}")
        central = [
            one.likely / median(counts[at] for name, counts in true.items() if name in MODERN)
            for at, one in enumerate(ours)
        ]
        every += central
        low = [
            one.most < max(counts[at] for name, counts in true.items() if name in MODERN)
            for at, one in enumerate(ours)
        ]
        cells.append(f"{sum(low) / len(low):.1%}")
        lines.append(f"| {kind} | {len(texts):,} | " + " | ".join(cells) + " |")
    cuts = quantiles(every, n=20)
    page = TEXT.format(
        modern=", ".join(MODERN),
        table="\n".join(lines),
        middle=median(every),
        low=cuts[0],
        high=cuts[-1],
    )
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
