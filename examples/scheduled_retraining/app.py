"""Each month a model is trained anew on what has come since, and people decide if it goes live."""

from aws_cdk import (
    App,
    Duration,
    Stack,
    aws_events as events,
    aws_iam as iam,
    aws_sns_subscriptions as subscriptions,
)

from bedrock_customization import (
    Approval,
    BaseModel,
    CustomizationBudget,
    CustomizationPipeline,
    Gate,
    RecordTemplate,
    RunTriggers,
)

app = App()
stack = Stack(app, "ScheduledRetraining")
pipeline = CustomizationPipeline(
    stack,
    "Pipeline",
    base_model=BaseModel.NOVA_MICRO,
    template=RecordTemplate(
        prompt="{text}",
        completion="{category}",
        system="You sort customers' questions to a bank. Answer with the intent only.",
    ),
    # Against the base model; the live one must not be better either, which the gate sees to.
    gate=Gate(min_improvement=0.02),
    approval=Approval(timeout=Duration.days(5), link=False),
    max_cost_usd=25,
    max_tokens=32,
)
RunTriggers(
    stack,
    "Triggers",
    pipeline=pipeline,
    prefix="questions/",
    schedule=events.Schedule.cron(day="1", hour="3", minute="0"),
)
CustomizationBudget(stack, "Budget", pipeline=pipeline, monthly_limit_usd=50)
pipeline.topic.add_subscription(
    subscriptions.EmailSubscription(app.node.get_context("approversEmail"))
)
approvers = iam.Role(stack, "Approvers", assumed_by=iam.AccountRootPrincipal())
pipeline.approval.grant_decide(approvers)
pipeline.grant_read_artifacts(approvers)
pipeline.define_outputs()
app.synth()
