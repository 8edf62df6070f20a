"""Text to tokens and back: words of the training set, and slots for words too rare to be learned.

A rare word of the prompt takes one of a few numbered slots for the length of its record. The
network learns that the answer holds "the word in slot 2", so it can copy names and numbers that it
never saw.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

from bedrock_customization_local.cloud.bedrock.tinylm.phrases import Merger, learn_merges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np

PADDING, PREFIX, ANSWER, END, UNKNOWN = range(5)
SLOTS = 16
FIRST_SLOT = 5
"""Slot `n` without a space before it; the same with a space is `SLOTS` further on."""
FIRST_WORD = FIRST_SLOT + 2 * SLOTS
GRAM_BUCKETS = 2048
"""Character n-grams are hashed into so many rows, of which the first means "none"."""

_MINIMUM_COUNT = 3
_MAXIMUM_WORDS = 20_000
_MAXIMUM_GRAMS = 24
_GRAM_LENGTHS = (3, 4)
_ALPHANUMERIC = re.compile(r"\w+")
WORD_PATTERN = r" ?\w+| ?[^\w\s]{1,3}|\s"
_WORD = re.compile(WORD_PATTERN)


def split_words(text: str) -> tuple[str, ...]:
    """Return the words and marks of a text, each with the space before it.

    Joined they are the text. A space before another white-space character is a word of its own.
    """
    return tuple(_WORD.findall(text))


@dataclass(frozen=True, slots=True)
class Record:
    """One training example, as words."""

    prompt: tuple[str, ...]
    completion: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt, perhaps with its completion, as the network reads it.

    Args:
        tokens: Token numbers.
        words: For each token the word whose character n-grams are added to it; "" for none.
        answer: Position of the token after which the completion begins.
        slots: The words in the slots, without a space before them.
    """

    tokens: tuple[int, ...]
    words: tuple[str, ...]
    answer: int
    slots: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """What a network can read and say.

    Args:
        words: Known words and phrases; the token of `words[n]` is `FIRST_WORD + n`.
        merges: Pairs of words or phrases of completions that are said as one, in order of merging.
        copied: Words, without a space before them, that completions take from their prompts: in a
            prompt they always stand in a slot.
        answers: Tokens that completions hold, ascending: what the network can say.
        prefix: Words that open every prompt of the training set (often a system prompt); one token
            stands for all of them.
        context: Longest sequence, in tokens; of a longer prompt the end is kept, of a completion
            longer than half of it the beginning.
    """

    words: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]
    copied: tuple[str, ...]
    answers: tuple[int, ...]
    prefix: tuple[str, ...]
    context: int

    @property
    def size(self) -> int:
        """Number of tokens."""
        return FIRST_WORD + len(self.words)


def build_vocabulary(
    records: Sequence[Record], context: int, parent: Vocabulary | None = None
) -> Vocabulary:
    """Return the vocabulary of a training set.

    Words that occur less than three times are left to the slots, unless a completion holds them and
    its prompt does not: those can only be said if they are known.

    Args:
        records: The training set.
        context: Longest sequence, in tokens.
        parent: Vocabulary of the model to go on from; what it knew stays known.
    """
    prefix = _common_prefix(record.prompt for record in records)
    prompts = [record.prompt[len(prefix) :] for record in records]
    copied = _copied_words(prompts, records)
    known: Counter[str] = Counter(word for prompt in prompts for word in prompt)
    frequent = {
        word for word, count in known.most_common(_MAXIMUM_WORDS) if count >= _MINIMUM_COUNT
    }
    runs: Counter[tuple[str, ...]] = Counter()
    for prompt, record in zip(prompts, records, strict=True):
        slotted = {core_of(word) for word in prompt if word not in frequent} | copied
        runs.update(_runs(record.completion, slotted & {core_of(word) for word in prompt}))
    merges = learn_merges(runs) + (() if parent is None else parent.merges)
    merger = Merger(merges)
    said = {piece for run in runs for piece in merger.merge(run)}
    said |= {word for run in runs for word in run}
    frequent = {word for word in frequent if core_of(word) not in copied}
    if parent is not None:
        frequent |= set(parent.words)
        said |= {
            parent.words[token - FIRST_WORD] for token in parent.answers if token >= FIRST_WORD
        }
    words = tuple(sorted(frequent | said))
    tokens = {word: FIRST_WORD + number for number, word in enumerate(words)}
    answers = {END, *range(FIRST_SLOT, FIRST_WORD), *(tokens[word] for word in said)}
    return Vocabulary(
        words=words,
        merges=merges,
        copied=tuple(sorted(copied)),
        answers=tuple(sorted(answers)),
        prefix=prefix,
        context=context,
    )


class Encoder:
    """Encodes and decodes with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._tokens = {word: FIRST_WORD + n for n, word in enumerate(vocabulary.words)}
        self._copied = frozenset(vocabulary.copied)
        self._merge = lru_cache(maxsize=50_000)(Merger(vocabulary.merges).merge)

    def encode(
        self,
        prompt: Sequence[str],
        completion: Sequence[str] | None = None,
        *,
        hide: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> Encoded:
        """Return a prompt, with its completion while training, as tokens.

        Args:
            prompt: Words of the prompt.
            completion: Words of the completion; None to ask for it.
            hide: Share of the known words to put into slots all the same, so that copying is
            learned from them too and single words are not relied upon.
            rng: Source of chance, needed if `hide` is positive.
        """
        rest, opening = self._without_prefix(prompt)
        rest = rest[-self._vocabulary.context :]
        slots = self._slots(rest, hide, rng)
        answer = [] if completion is None else self._pieces(completion, slots)
        answer = answer[: self._vocabulary.context // 2]
        rest = rest[max(0, len(rest) - (self._vocabulary.context - len(answer) - 3)) :]
        pieces = [(PREFIX, "")] if opening else []
        pieces += [(self._token(word, slots), core_of(word)) for word in rest]
        start = len(pieces)
        pieces += [(ANSWER, ""), *((self._token(piece, slots), core_of(piece)) for piece in answer)]
        if completion is not None:
            pieces.append((END, ""))
        tokens, surfaces = zip(*pieces, strict=True)
        return Encoded(tokens, surfaces, start, tuple(slots))

    def word(self, token: int, slots: Sequence[str]) -> str:
        """Return the text of a token that the network said."""
        if token >= FIRST_WORD:
            return self._vocabulary.words[token - FIRST_WORD]
        if token < FIRST_SLOT:
            return ""
        space, slot = divmod(token - FIRST_SLOT, SLOTS)
        return " " * space + slots[slot] if slot < len(slots) else ""

    def _slots(
        self, words: Sequence[str], hide: float, rng: np.random.Generator | None
    ) -> dict[str, int]:
        """Give slots to the words that are copied, unknown or hidden, in order of appearance."""
        hidden = rng.random(len(words)) < hide if rng is not None and hide else None
        slots: dict[str, int] = {}
        for position, word in enumerate(words):
            core = core_of(word)
            wanted = core in self._copied or word not in self._tokens
            if (wanted or (hidden is not None and hidden[position])) and len(slots) < SLOTS:
                slots.setdefault(core, len(slots))
        return slots

    def _pieces(self, completion: Sequence[str], slots: dict[str, int]) -> list[str]:
        """Merge the runs of a completion between the words that are copied."""
        pieces: list[str] = []
        run: list[str] = []
        for word in completion:
            if core_of(word) in slots:
                pieces += [*self._merge(tuple(run)), word]
                run.clear()
            else:
                run.append(word)
        return [*pieces, *self._merge(tuple(run))]

    def _token(self, word: str, slots: dict[str, int]) -> int:
        slot = slots.get(core_of(word))
        if slot is None:
            return self._tokens.get(word, UNKNOWN)
        return FIRST_SLOT + slot + (SLOTS if word.startswith(" ") and len(word) > 1 else 0)

    def _without_prefix(self, prompt: Sequence[str]) -> tuple[tuple[str, ...], bool]:
        prefix = self._vocabulary.prefix
        words = tuple(prompt)
        if prefix and words[: len(prefix)] == prefix:
            return words[len(prefix) :], True
        return words, False


@lru_cache(maxsize=100_000)
def grams(word: str) -> tuple[int, ...]:
    """Return the buckets of a word's character n-grams and of the word itself; none for "".

    Case does not matter, so that unseen spellings and inflections resemble what was learned.
    """
    if not word:
        return ()
    framed = f"<{word.lower()}>"
    pieces = {framed} | {
        framed[start : start + length]
        for length in _GRAM_LENGTHS
        for start in range(len(framed) - length + 1)
    }
    found = sorted({1 + crc32(piece.encode()) % (GRAM_BUCKETS - 1) for piece in pieces})
    return tuple(found[:_MAXIMUM_GRAMS])


def core_of(word: str) -> str:
    """Return a word without the space before it."""
    return word[1:] if len(word) > 1 and word[0] == " " else word


def _copied_words(prompts: Sequence[Sequence[str]], records: Sequence[Record]) -> set[str]:
    """Return the words that are mostly in the prompt too where a completion holds them."""
    held: Counter[str] = Counter()
    copied: Counter[str] = Counter()
    for prompt, record in zip(prompts, records, strict=True):
        cores = {core_of(word) for word in record.completion}
        held.update(cores)
        copied.update(cores & {core_of(word) for word in prompt})
    return {
        core
        for core, count in copied.items()
        if 2 * count >= held[core] and _ALPHANUMERIC.fullmatch(core)
    }


def _runs(completion: Sequence[str], copied: set[str]) -> Iterator[tuple[str, ...]]:
    """Yield the runs of words between those that are copied."""
    for is_copied, run in itertools.groupby(completion, lambda word: core_of(word) in copied):
        if not is_copied:
            yield tuple(run)


def _common_prefix(prompts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    common: tuple[str, ...] | None = None
    for prompt in prompts:
        if common is None:
            common = prompt
            continue
        shared = 0
        for one, other in zip(common, prompt, strict=False):
            if one != other:
                break
            shared += 1
        common = common[:shared]
        if not common:
            break
    return common or ()
