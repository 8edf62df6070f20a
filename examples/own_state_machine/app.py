"""A team's own state machine: three phases of this library between states of the team's own."""

from pathlib import Path

from aws_cdk import (
    App,
    CfnOutput,
    Duration,
    Stack,
    aws_events as events,
    aws_events_targets as targets,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_s3 as s3,
    aws_sns as sns,
    aws_sqs as sqs,
    aws_stepfunctions as sfn,
    aws_stepfunctions_tasks as tasks,
)

from bedrock_customization import (
    BaseModel,
    CustomizationStorage,
    DataPreparation,
    ModelCustomization,
    RecordTemplate,
    RunStart,
)

FEWEST_RECORDS = 100

app = App()
stack = Stack(app, "OwnStateMachine")
storage = CustomizationStorage(stack, "Storage")

# The team's first state: a function that knows where tickets are.
tickets = s3.Bucket.from_bucket_name(stack, "Tickets", app.node.get_context("ticketsBucket"))
export_function = lambda_.Function(
    stack,
    "ExportTickets",
    runtime=lambda_.Runtime.PYTHON_3_13,
    architecture=lambda_.Architecture.ARM_64,
    handler="index.handler",
    code=lambda_.Code.from_asset(str(Path(__file__).parent / "export_tickets")),
    timeout=Duration.minutes(5),
    log_group=logs.LogGroup(stack, "ExportLogs", retention=logs.RetentionDays.SIX_MONTHS),
    environment={
        "TICKETS_BUCKET": tickets.bucket_name,
        "DATA_BUCKET": storage.data_bucket.bucket_name,
    },
)
tickets.grant_read(export_function, "closed/*")
storage.grant_put_data(export_function)
export = tasks.LambdaInvoke.jsonata(
    stack,
    "Export tickets",
    lambda_function=export_function.current_version,
    payload=sfn.TaskInput.from_object({"month": "{% $states.input.month %}"}),
    assign={"exported": "{% $states.result.Payload %}"},
    task_timeout=sfn.Timeout.duration(Duration.minutes(6)),
)

# Errors come here: phases assign `$failure` themselves, the team's states do as they do.
failed = sfn.Fail.jsonata(
    stack,
    "Failed",
    error="{% $failure.error %}",
    cause="{% $failure.phase & ': ' & $failure.cause %}",
)
# The library's phases. Each assigns a variable of its name, which any later state may read.
model = BaseModel.NOVA_MICRO
start = RunStart(
    stack,
    "RunStart",
    storage=storage,
    base_model=model,
    input={"source": "{% $exported.source %}"},
    on_failure=failed,
)
prepare = DataPreparation(
    stack,
    "DataPreparation",
    storage=storage,
    base_model=model,
    template=RecordTemplate(
        prompt="{question}", completion="{queue}", system="Answer with the queue of the ticket."
    ),
    sharding=None,
    on_failure=failed,
)
customize = ModelCustomization(
    stack,
    "ModelCustomization",
    storage=storage,
    base_model=model,
    max_cost_usd=25,
    on_failure=failed,
)

# The team's own decision and its own end.
too_few = sfn.Succeed.jsonata(
    stack, "Too few tickets", outputs={"records": "{% $preparation.counts.train %}"}
)
announce = tasks.EventBridgePutEvents.jsonata(
    stack,
    "Announce model",
    entries=[
        tasks.EventBridgePutEventsEntry(
            source="support.tickets",
            detail_type="Model trained",
            detail=sfn.TaskInput.from_object(
                {"model": "{% $customization.model_arn %}", "manifest": "{% $run.manifest %}"}
            ),
        )
    ],
    outputs={"model": "{% $customization.model_arn %}"},
    task_timeout=sfn.Timeout.duration(Duration.minutes(1)),
)
announce.add_retry(errors=["EventBridge.FailedEntry", "EventBridge.InternalException"])
for own in (export, announce):
    own.add_catch(
        failed,
        assign={
            "failure": {
                "error": "{% $states.errorOutput.Error %}",
                "cause": "{% $states.errorOutput.Cause %}",
                "phase": own.node.id,
            }
        },
    )
enough = sfn.Choice.jsonata(stack, "Enough tickets?")
enough.when(
    sfn.Condition.jsonata(f"{{% $preparation.counts.train >= {FEWEST_RECORDS} %}}"), customize
)
enough.otherwise(too_few)
sfn.Chain.start(export).next(start).next(prepare).next(enough)
sfn.Chain.start(customize).next(announce)
machine = sfn.StateMachine(
    stack,
    "StateMachine",
    query_language=sfn.QueryLanguage.JSONATA,
    definition_body=sfn.DefinitionBody.from_chainable(export),
    tracing_enabled=True,
    logs=sfn.LogOptions(
        destination=logs.LogGroup(stack, "Logs", retention=logs.RetentionDays.SIX_MONTHS),
        level=sfn.LogLevel.ALL,
        include_execution_data=False,
    ),
)

# No state runs any more in an execution that is aborted, so its end is heard of as an event.
key = kms.Key(stack, "TopicKey", enable_key_rotation=True)
topic = sns.Topic(stack, "Notifications", master_key=key, enforce_ssl=True)
letters = sqs.Queue(stack, "DeadLetters", enforce_ssl=True)
events.Rule(
    stack,
    "EndedBadly",
    event_pattern=events.EventPattern(
        source=["aws.states"],
        detail_type=["Step Functions Execution Status Change"],
        detail={
            "status": ["FAILED", "ABORTED", "TIMED_OUT"],
            "stateMachineArn": [machine.state_machine_arn],
        },
    ),
    targets=[targets.SnsTopic(topic, dead_letter_queue=letters)],
)
for name, value in {
    "StateMachineArn": machine.state_machine_arn,
    "DataBucketName": storage.data_bucket.bucket_name,
    "ArtifactsBucketName": storage.artifacts_bucket.bucket_name,
    "NotificationTopicArn": topic.topic_arn,
}.items():
    CfnOutput(stack, name, value=value)
app.synth()
