"""A small CDK app with one resource of each kind that the embedded AWS has to get right."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import (
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_s3 as s3,
    aws_sns as sns,
    aws_ssm as ssm,
    aws_stepfunctions as sfn,
    aws_stepfunctions_tasks as tasks,
)


class ProbeStack(cdk.Stack):
    """A state machine that calls a function, and what surrounds such a thing."""

    def __init__(self, scope: cdk.App, id: str) -> None:
        super().__init__(scope, id)
        key = kms.Key(self, "Key", removal_policy=cdk.RemovalPolicy.DESTROY)
        bucket = s3.Bucket(
            self,
            "Data",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            enforce_ssl=True,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="Expire",
                    expiration=cdk.Duration.days(30),
                    noncurrent_version_expiration=cdk.Duration.days(7),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
        )
        topic = sns.Topic(self, "Notifications", enforce_ssl=True, master_key=key)
        function = lambda_.Function(
            self,
            "Greet",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="handler.handler",
            code=lambda_.Code.from_asset(str(Path(__file__).parent / "function")),
            description=self.node.try_get_context("greeting") or "Greets",
            log_group=logs.LogGroup(
                self,
                "GreetLogs",
                retention=logs.RetentionDays.ONE_WEEK,
                removal_policy=cdk.RemovalPolicy.DESTROY,
            ),
        )
        bucket.grant_read(function)
        machine = sfn.StateMachine(
            self,
            "Machine",
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(
                tasks.LambdaInvoke.jsonata(
                    self,
                    "Call",
                    lambda_function=function.current_version,
                    outputs="{% $states.result.Payload %}",
                )
            ),
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self, "MachineLogs", removal_policy=cdk.RemovalPolicy.DESTROY
                ),
                level=sfn.LogLevel.ALL,
            ),
        )
        parameter = ssm.StringParameter(self, "Parameter", string_value=machine.state_machine_arn)
        role = iam.Role(self, "Caller", assumed_by=iam.AccountRootPrincipal())
        machine.grant_start_execution(role)
        cdk.CfnOutput(self, "StateMachineArn", value=machine.state_machine_arn)
        cdk.CfnOutput(self, "BucketName", value=bucket.bucket_name)
        cdk.CfnOutput(self, "TopicArn", value=topic.topic_arn)
        cdk.CfnOutput(self, "ParameterName", value=parameter.parameter_name)
        cdk.CfnOutput(self, "FunctionName", value=function.function_name)


app = cdk.App()
ProbeStack(app, "Probe")
app.synth()
