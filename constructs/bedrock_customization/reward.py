"""Value objects that say how a `Grader` gives answers their reward."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization._checks import check_between
from bedrock_customization._model_arns import arns_for_invocation
from bedrock_customization_runtime.contract.grading import RewardName, SqlDialect

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import grading as contract

# What Python's syntax has beyond RE2's, once escapes and character classes are stepped over.
_BEYOND_RE2 = re.compile(
    r"\\[^1-9Z]|\[\^?\]?(?:\\.|[^\]\\])*\]|"
    r"(?P<beyond>\\[1-9Z]|\(\?(?:<?[=!]|[>(#]|P=|[a-zA-Z]*[aLux])|[*+?]\+)",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExactMatch:
    """Reward 1 for the reference answer itself; letter case and outer spaces do not count.

    It is the metric `accuracy` of the evaluation.
    """

    def to_contract(self) -> contract.ExactMatch:
        """Return what the function receives."""
        return {"name": RewardName.EXACT_MATCH}


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonEquality:
    """Reward 1 for the JSON value of the reference answer; the order of keys does not count.

    The answer must be JSON and nothing else: what stands around it, fences included, earns 0.
    """

    def to_contract(self) -> contract.JsonEquality:
        """Return what the function receives."""
        return {"name": RewardName.JSON_EQUALITY}


@dataclass(frozen=True, kw_only=True, slots=True)
class NumericTolerance:
    """Reward 1 for an answer whose last number is near the reference answer's.

    Args:
        absolute: Difference that is allowed.
        relative: Likewise, as a share of the reference's size, in [0, 1]. The larger of both
            counts; with neither, the numbers must be equal.

    Raises:
        ValueError: A figure is out of range.
    """

    absolute: float = 0.0
    relative: float = 0.0

    def __post_init__(self) -> None:
        """Check the figures."""
        check_between("absolute", self.absolute, 0, 1e12, "it is a difference")
        check_between("relative", self.relative, 0, 1, "0.01 allows one percent")

    def to_contract(self) -> contract.NumericTolerance:
        """Return what the function receives."""
        return {
            "name": RewardName.NUMERIC_TOLERANCE,
            "absolute": self.absolute,
            "relative": self.relative,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class SqlEquality:
    """Reward 1 for the statement of the reference answer, however it is written.

    Spaces, comments, the case of keywords and unquoted names, brackets without meaning and the
    order of conditions joined by AND or OR do not count. Statements that differ otherwise are
    different, even where they find the same rows.

    Args:
        dialect: Of answers and reference answers.

    Raises:
        ValueError: There is no such dialect.
    """

    dialect: SqlDialect

    def __post_init__(self) -> None:
        """Check the dialect."""
        SqlDialect(self.dialect)

    def to_contract(self) -> contract.SqlEquality:
        """Return what the function receives."""
        return {"name": RewardName.SQL_EQUALITY, "dialect": SqlDialect(self.dialect).value}


@dataclass(frozen=True, slots=True)
class RegularExpression:
    r"""Reward 1 for an answer in which a pattern is found; reference answers are not looked at.

    Args:
        pattern: In the syntax of RE2, whose time grows with the answer's length alone, so that no
            answer can hold a job up: no backreferences, no look-around. `^` and `$` anchor it.

    Raises:
        ValueError: It is no such pattern.
    """

    pattern: str

    def __post_init__(self) -> None:
        """Check the pattern."""
        remedy = "write it in the syntax of RE2"
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(
                f"pattern must be a regular expression, got {self.pattern!r} ({error}): {remedy}"
            ) from None
        for found in _BEYOND_RE2.finditer(self.pattern):
            if found["beyond"]:
                raise ValueError(
                    f"pattern must do without {found['beyond']}, got {self.pattern!r}: it could "
                    f"search an answer for ever; {remedy}, which has no backreferences and no "
                    "look-around"
                )

    def to_contract(self) -> contract.RegularExpression:
        """Return what the function receives."""
        return {"name": RewardName.REGULAR_EXPRESSION, "pattern": self.pattern}


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeModel:
    """The reward, from 0 to 1, that a model gives an answer.

    It is shown the conversation, the answer and the reference answer if there is one, as data, and
    may say nothing but a number. Each answer that is graded is a call that is paid.

    Args:
        model: What Converse takes: the id of a model or of an inference profile, or an ARN.
        instructions: What makes an answer good, in a few sentences.

    Raises:
        ValueError: There are no instructions.
    """

    model: str
    instructions: str

    def __post_init__(self) -> None:
        """Check the instructions."""
        if not self.instructions.strip():
            raise ValueError(
                "instructions must say what makes an answer good, got none: a judge that is told "
                "nothing rewards what pleases it"
            )

    def arns(self) -> list[str]:
        """Return the ARNs in a policy for whoever asks the judge."""
        return arns_for_invocation(self.model)

    def to_contract(self) -> contract.JudgeModel:
        """Return what the function receives."""
        return {
            "name": RewardName.JUDGE_MODEL,
            "model": self.model,
            "instructions": self.instructions,
        }


Reward = ExactMatch | JsonEquality | NumericTolerance | SqlEquality | RegularExpression | JudgeModel
