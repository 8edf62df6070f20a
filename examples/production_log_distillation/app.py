"""A small model learns from the logs of the large one that answers in production."""

from aws_cdk import App, Duration, Stack

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    Distillation,
    Gate,
    InvocationLogging,
    InvocationLogs,
    RequestMetadata,
)

TEACHER = "amazon.nova-pro-v1:0"

app = App()
application = app.node.get_context("application")
stack = Stack(app, "LogDistillation")
pipeline = CustomizationPipeline(
    stack,
    "Pipeline",
    base_model=BaseModel.NOVA_MICRO,
    method=Distillation(
        teacher=TEACHER,
        logs=InvocationLogs(
            # Whatever else the account asks its models is nobody's training data.
            request_metadata=RequestMetadata.equals("application", application),
            # The logged answers are the teacher's: it is not paid a second time for them.
            use_prompt_response=True,
        ),
    ),
    gate=Gate(min_improvement=0.02),
    max_cost_usd=25,
    max_tokens=32,
)
InvocationLogging(stack, "Logging", storage=pipeline.storage, keep_for=Duration.days(90))
pipeline.define_outputs()
app.synth()
