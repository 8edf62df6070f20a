"""Names that a grader's construct and its function share: how answers are graded, what comes back.

Like `contract`, of which this is the part that travels outside of the state machine: Bedrock itself
invokes a grader, and says nothing of how to grade, so that stands in the function's environment.
"""

from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

REWARD_VARIABLE = "BEDROCK_CUSTOMIZATION_REWARD"
"""Environment variable of the function that holds a `Reward` as JSON."""


class RewardName(StrEnum):
    """Ways to grade; a reward's metric has the same name."""

    EXACT_MATCH = "exact_match"
    JSON_EQUALITY = "json_equality"
    NUMERIC_TOLERANCE = "numeric_tolerance"
    SQL_EQUALITY = "sql_equality"
    REGULAR_EXPRESSION = "regular_expression"
    JUDGE_MODEL = "judge_model"


class SqlDialect(StrEnum):
    """Dialects of SQL, by sqlglot's names (a test pairs them)."""

    ATHENA = "athena"
    BIGQUERY = "bigquery"
    CLICKHOUSE = "clickhouse"
    DATABRICKS = "databricks"
    DUCKDB = "duckdb"
    HIVE = "hive"
    MYSQL = "mysql"
    ORACLE = "oracle"
    POSTGRES = "postgres"
    PRESTO = "presto"
    REDSHIFT = "redshift"
    SNOWFLAKE = "snowflake"
    SPARK = "spark"
    SQLITE = "sqlite"
    TERADATA = "teradata"
    TRINO = "trino"
    TSQL = "tsql"


class NotGraded(StrEnum):
    """Why an answer has no grade and gets a reward of 0; a metric of that name says so."""

    ITEM_INVALID = "item_invalid"
    """What Bedrock sent is no sample."""
    ANSWER_MISSING = "answer_missing"
    """The last message is not the model's, or holds nothing."""
    ANSWER_UNREADABLE = "answer_unreadable"
    """The answer is no JSON, holds no number, is no SQL, or is too long."""
    REFERENCE_MISSING = "reference_missing"
    REFERENCE_UNREADABLE = "reference_unreadable"
    JUDGE_REFUSED = "judge_refused"
    """The judge would not answer this question, or was filtered or cut off."""
    JUDGE_UNREADABLE = "judge_unreadable"
    """What the judge said is no number from 0 to 1."""
    GRADING_FAILED = "grading_failed"
    """The grader has a fault."""


class ExactMatch(TypedDict):
    """Reward for the reference's own words."""

    name: Literal[RewardName.EXACT_MATCH]


class JsonEquality(TypedDict):
    """Reward for the reference's own JSON value."""

    name: Literal[RewardName.JSON_EQUALITY]


class NumericTolerance(TypedDict):
    """Reward for a number near the reference's."""

    name: Literal[RewardName.NUMERIC_TOLERANCE]
    absolute: float
    relative: float
    """Share of the reference's size."""


class SqlEquality(TypedDict):
    """Reward for the reference's own statement."""

    name: Literal[RewardName.SQL_EQUALITY]
    dialect: str


class RegularExpression(TypedDict):
    """Reward for an answer that a pattern is found in."""

    name: Literal[RewardName.REGULAR_EXPRESSION]
    pattern: str
    """In RE2's syntax."""


class JudgeModel(TypedDict):
    """Reward that a model gives."""

    name: Literal[RewardName.JUDGE_MODEL]
    model: str
    """What `modelId` of Converse takes."""
    instructions: str


Reward = ExactMatch | JsonEquality | NumericTolerance | SqlEquality | RegularExpression | JudgeModel


class RewardMetric(TypedDict):
    """A figure beside the reward."""

    name: str
    value: float
    type: Literal["Reward", "Metric"]


class GradedAnswer(TypedDict):
    """What a grader returns of each sample, in the order in which they came."""

    id: NotRequired[object]
    """As it came; absent where there was none."""
    aggregate_reward_score: float
    metrics_list: list[RewardMetric]
