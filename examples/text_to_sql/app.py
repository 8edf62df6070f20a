"""Questions of students become SQL; a gate on the statement itself, however it is written."""

from aws_cdk import App, Stack

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    FineTuning,
    Gate,
    MetricName,
    RecordTemplate,
)

SYSTEM = """\
Write one SQL statement that answers the question.
COURSE (DEPARTMENT, NUMBER, NAME, DESCRIPTION, CREDITS, NUM_ENROLLED, HAS_LAB, HAS_PROJECTS, \
ADVISORY_REQUIREMENT, ENFORCED_REQUIREMENT)
PROGRAM_COURSE (CATEGORY, WORKLOAD)
STUDENT (STUDENT_ID, TOTAL_CREDIT, TOTAL_GPA)"""

app = App()
# What the blind set holds that the training set does not: "statements", or but "questions".
unseen = app.node.get_context("unseen")
stack = Stack(app, "TextToSql")
pipeline = CustomizationPipeline(
    stack,
    "Pipeline",
    base_model=BaseModel.NOVA_MICRO,
    template=RecordTemplate(
        prompt="{question}",
        completion="{sql}",
        system=SYSTEM,
        # Questions that one statement answers stay on one side.
        group_by="query_id" if unseen == "statements" else None,
    ),
    method=FineTuning(hyperparameters={"epochCount": 5}),
    metric=MetricName.SQL_EQUALITY,
    gate=Gate(min_improvement=0.1),
    max_cost_usd=25,
    max_tokens=256,
)
pipeline.define_outputs()
app.synth()
