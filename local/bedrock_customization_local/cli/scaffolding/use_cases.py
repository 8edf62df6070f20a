"""The use cases an app can begin with, and what its README says of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UseCase(StrEnum):
    """What a model is to be made for."""

    CLASSIFICATION = "classification"
    TEXT_TO_SQL = "text-to-sql"
    DISTILLATION = "distillation"
    REINFORCEMENT = "reinforcement"
    IMPORT = "import"


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """A use case in words; `templates/<use case>/` has its stack."""

    purpose: str
    base_model: str
    """Id for customization, unless another is asked for."""
    data: str
    change: str
    trial: str = "bedrock-customization demo --data FILE"
    """The command that tries it without an account."""
    run: str = "bedrock-customization start FILE --watch"
    """The commands that run it once it is deployed."""


_COLUMNS = (
    "A CSV, Parquet or JSON Lines file with the columns {columns}; other names go into "
    "`RecordTemplate`\nin `tuning.py`."
)
DESCRIPTIONS = {
    UseCase.CLASSIFICATION: Description(
        purpose="Sort texts into categories by a fine-tuned model, which goes live only if it "
        "does so better than its base model\non rows it has never seen.",
        base_model="amazon.nova-micro-v1:0:128k",
        data=_COLUMNS.format(columns="`text` and `category`")
        + " A few hundred rows make a beginning; `demo` without `--data` brings some.",
        trial="bedrock-customization demo",
        change="`system` is the instruction that consumers must send too. `min_improvement` is "
        "what makes a promotion worth it, in\npoints of the metric. `max_cost_usd` is of one run.",
    ),
    UseCase.TEXT_TO_SQL: Description(
        purpose="Write SQL for questions on your databases by a fine-tuned model.",
        base_model="amazon.nova-micro-v1:0:128k",
        data=_COLUMNS.format(columns="`schema`, `question` and `sql`")
        + " `schema` is the text of the tables that a question is about.",
        change="With a database that queries may run on, `ExecutionAccuracy` compares the rows "
        "they find, in the place of\n`MetricName.SQL_EQUALITY`.",
    ),
    UseCase.DISTILLATION: Description(
        purpose="Let a small model learn what a large one answered in production, from Bedrock's "
        "invocation logs.",
        base_model="amazon.nova-micro-v1:0:128k",
        data="Requests to the teacher that carry the metadata `project`, the stack's name "
        "(`requestMetadata` of Converse). The stack's\nfunction turns logging on where nobody else "
        'has, once you invoke it with `{"action": "turn-on"}`.',
        run="bedrock-customization start s3://<DataBucketName>/incoming/invocation-logs/ --watch",
        change="`teacher` must be the model whose answers the logs hold. Without "
        "`use_prompt_response` it answers anew, and is paid for it.",
    ),
    UseCase.REINFORCEMENT: Description(
        purpose="Reward right answers, where the way to them is the model's own.",
        base_model="amazon.nova-2-lite-v1:0:256k",
        data=_COLUMNS.format(columns="`question` and `answer`") + " At least 100 rows.",
        change="`reward` says what a right answer is: a number within a tolerance here, else "
        "`ExactMatch`, `JsonEquality`,\n`SqlEquality`, `RegularExpression`, or a function of your "
        "own.",
    ),
    UseCase.IMPORT: Description(
        purpose="Import a model of the Hugging Face Hub, and promote it only if it is better than "
        "a model of Bedrock.",
        base_model="amazon.nova-micro-v1:0:128k",
        data=_COLUMNS.format(columns="`text` and `category`") + " All of it is asked, none is "
        "trained on.",
        trial="bedrock-customization inspect-model hf:Qwen/Qwen2.5-0.5B-Instruct@main",
        change="`repo` and `revision` name the model; `inspect-model` says whether Bedrock would "
        "take it. `base_model` in `cdk.json` is what\nit must be better than.",
    ),
}
