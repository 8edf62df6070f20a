"""Reading the text of a path."""

import re
from functools import lru_cache
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.language.jsonpath.path import (
    FUNCTIONS,
    Path,
    PathError,
    Step,
)
from bedrock_customization_local.cloud.stepfunctions.language.jsonpath.steps import (
    COMPARISONS,
    MISSING,
    Operand,
    all_values,
    by_key,
    by_slice,
    descend,
    find_or_missing,
    where,
)

_NAME: Final = re.compile(r"[\w\-À-￿]+")
_ROOT: Final = re.compile(r"\$(\$|[A-Za-zÀ-￿_][\wÀ-￿]*)?")
_INTEGER: Final = re.compile(r"-?\d+")
_SLICE: Final = re.compile(r"(-?\d+)?:(-?\d+)?(?::(-?\d+))?")
_LITERAL: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_OPERATOR: Final = re.compile(r"==|!=|<=|>=|<|>|=~|nin\b|in\b")
_LITERALS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Parse a path.

    Args:
        text: Such as `$.jobs[?(@.status == 'Failed')].name`, `$$.Execution.Name` or `$variable.x`.

    Raises:
        PathError: It is not a path.
    """
    return _Parser(text).path()


class _Steps:
    """The steps of a path while it is read."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.keys: list[str | int] = []
        self.definite = True

    def add(self, step: Step, key: str | int | None) -> None:
        """Add a step; one without a key may select many values."""
        if key is None:
            self.many(step)
        else:
            self.steps.append(step)
            self.keys.append(key)

    def many(self, step: Step) -> None:
        """Add a step that may select many values."""
        self.steps.append(step)
        self.definite = False


class _Parser:
    """Recursive descent over the text of one path."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def path(self) -> Path:
        root = self._match(_ROOT)
        if root is None:
            raise self._error("a path starts with $")
        path = self._steps(root.group(1) or "")
        if self._at < len(self._text):
            raise self._error("unexpected text")
        return path

    def _steps(self, root: str) -> Path:
        steps = _Steps()
        function: str | None = None
        while function is None:
            if self._take(".."):
                steps.many(descend)
                if not self._peek("["):
                    steps.many(all_values if self._take("*") else by_key(self._name()))
            elif self._take("."):
                function = self._member(steps)
            elif self._take("["):
                steps.add(*self._brackets())
            else:
                break
        return Path(
            text=self._text,
            root=root,
            steps=tuple(steps.steps),
            keys=tuple(steps.keys) if steps.definite and function is None else None,
            definite=steps.definite,
            function=function,
        )

    def _member(self, steps: "_Steps") -> str | None:
        """Add what follows a dot; return the name if it is a function."""
        if self._take("*"):
            steps.many(all_values)
            return None
        name = self._name()
        if not self._take("()"):
            steps.add(by_key(name), name)
            return None
        if name not in FUNCTIONS:
            raise self._error(f"no function {name}()")
        return name

    def _brackets(self) -> tuple[Step, str | int | None]:
        self._space()
        if self._take("*"):
            self._expect("]")
            return all_values, None
        if self._take("?("):
            condition = self._or()
            self._expect(")")
            self._expect("]")
            return where(condition), None
        if found := self._match(_SLICE):
            self._expect("]")
            return by_slice(*(int(part) if part else None for part in found.groups())), None
        keys = [self._key()]
        while self._take(","):
            keys.append(self._key())
        self._expect("]")
        steps = [by_key(key) for key in keys]
        if len(keys) == 1:
            return steps[0], keys[0]
        return (lambda v, root: (x for step in steps for x in step(v, root))), None

    def _key(self) -> str | int:
        self._space()
        if found := self._match(_INTEGER):
            return int(found.group())
        return self._string()

    def _name(self) -> str:
        found = self._match(_NAME)
        if found is None:
            raise self._error("a name is missing")
        return found.group()

    def _string(self) -> str:
        quote = self._text[self._at : self._at + 1]
        if quote not in {"'", '"'}:
            raise self._error("a quoted name or an index is missing")
        self._at += 1
        characters: list[str] = []
        while True:
            character = self._text[self._at : self._at + 1]
            self._at += 1
            if not character:
                raise self._error("a quote is not closed")
            if character == quote:
                return "".join(characters)
            if character == "\\":
                character = self._text[self._at : self._at + 1]
                self._at += 1
            characters.append(character)

    def _or(self) -> Operand:
        terms = [self._and()]
        while self._take("||"):
            terms.append(self._and())
        return lambda v, root: any(bool(term(v, root)) for term in terms)

    def _and(self) -> Operand:
        terms = [self._comparison()]
        while self._take("&&"):
            terms.append(self._comparison())
        return lambda v, root: all(bool(term(v, root)) for term in terms)

    def _comparison(self) -> Operand:
        self._space()
        if self._take("!"):
            negated = self._comparison()
            return lambda v, root: not negated(v, root)
        if self._take("("):
            inner = self._or()
            self._expect(")")
            return inner
        left = self._operand()
        self._space()
        operator = self._match(_OPERATOR)
        if operator is None:
            return lambda v, root: left(v, root) is not MISSING
        compare = COMPARISONS[operator.group()]
        self._space()
        right = self._operand()
        return lambda v, root: compare(left(v, root), right(v, root))

    def _operand(self) -> Operand:
        self._space()
        if self._peek("@") or self._peek("$"):
            from_root = self._peek("$")
            self._at += 1
            path = self._steps("")
            return lambda v, root: find_or_missing(path, root if from_root else v)
        if self._take("["):
            items: list[Operand] = []
            while not self._take("]"):
                items.append(self._operand())
                self._take(",")
            return lambda v, root: [item(v, root) for item in items]
        if self._take("/"):
            expression = self._regular_expression()
            return lambda _v, _root: expression
        if found := self._match(_LITERAL):
            word = found.group()
            value = _LITERALS[word] if word in _LITERALS else float(word)
            return lambda _v, _root: value
        text = self._string()
        return lambda _v, _root: text

    def _regular_expression(self) -> re.Pattern[str]:
        end = self._text.find("/", self._at)
        if end < 0:
            raise self._error("a regular expression without its closing slash")
        pattern = self._text[self._at : end]
        self._at = end + 1
        flags = re.IGNORECASE if self._take("i") else re.NOFLAG
        try:
            return re.compile(pattern, flags)
        except re.error as error:
            raise self._error(f"no regular expression ({error})") from None

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found

    def _space(self) -> None:
        while self._text[self._at : self._at + 1] == " ":
            self._at += 1

    def _peek(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _take(self, text: str) -> bool:
        if text[0] not in ".[":
            self._space()
        if self._peek(text):
            self._at += len(text)
            return True
        return False

    def _expect(self, text: str) -> None:
        self._space()
        if not self._take(text):
            raise self._error(f"{text} is missing")

    def _error(self, problem: str) -> PathError:
        return PathError(f"{self._text!r} is not a JSONPath: {problem} at character {self._at}")
