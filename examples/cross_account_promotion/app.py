"""Development tunes a model; production takes a copy of it, once people have approved."""

from aws_cdk import App, CfnOutput, Environment, Stack, Stage, aws_iam as iam, pipelines
from constructs import Construct

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    Gate,
    ModelCopyPipeline,
    RecordTemplate,
)

BASE_MODEL = BaseModel.NOVA_MICRO


class Development(Stage):
    """Where data lie, models are customized, and the gate compares them.

    Args:
        scope: Parent.
        id: Id below the parent.
        env: Account and Region.
        tools_account: Whose pipeline may ask for the live model and share it.
        production_account: With which it may be shared.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        env: Environment,
        tools_account: str,
        production_account: str,
    ) -> None:
        super().__init__(scope, id, env=env)
        stack = Stack(self, "Tuning")
        pipeline = CustomizationPipeline(
            stack,
            "Pipeline",
            base_model=BASE_MODEL,
            template=RecordTemplate(prompt="{text}", completion="{category}"),
            gate=Gate(min_improvement=0.02),
            max_cost_usd=25,
        )
        pipeline.define_outputs()
        role = iam.Role(stack, "Sharing", assumed_by=iam.AccountPrincipal(tools_account))
        pipeline.alias.arn_parameter.grant_read(role)
        bedrock = f"arn:{stack.partition}:bedrock:{stack.region}:{stack.account}"
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["bedrock:GetCustomModelDeployment"],
                resources=[f"{bedrock}:custom-model-deployment/*"],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["ram:CreateResourceShare"],
                resources=["*"],
                conditions={
                    "StringEquals": {
                        "ram:RequestedResourceType": "bedrock:CustomModel",
                        "ram:RequestedAllowsExternalPrincipals": "false",
                        "ram:Principal": production_account,
                    }
                },
            )
        )
        self.role = CfnOutput(stack, "SharingRole", value=role.role_arn)
        self.alias = CfnOutput(stack, "Alias", value=pipeline.alias.parameter_name)


class Production(Stage):
    """Where a copy answers.

    Args:
        scope: Parent.
        id: Id below the parent.
        env: Account and Region.
        source: Where models are customized.
        tools_account: Whose pipeline may start a promotion.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        env: Environment,
        source: Environment,
        tools_account: str,
    ) -> None:
        super().__init__(scope, id, env=env)
        stack = Stack(self, "Serving")
        pipeline = ModelCopyPipeline(
            stack,
            "Pipeline",
            base_model=BASE_MODEL,
            source_account=source.account,
            source_region=source.region or stack.region,
        )
        pipeline.define_outputs()
        role = iam.Role(stack, "Promoting", assumed_by=iam.AccountPrincipal(tools_account))
        pipeline.grant_start(role)
        self.role = CfnOutput(stack, "PromotingRole", value=role.role_arn)
        self.machine = CfnOutput(
            stack, "StateMachine", value=pipeline.state_machine.state_machine_arn
        )


app = App()
tools, source, target = map(app.node.get_context, ("tools", "development", "production"))
delivery = Stack(app, "Delivery", env=Environment(**tools))
pipeline = pipelines.CodePipeline(
    delivery,
    "Pipeline",
    cross_account_keys=True,
    synth=pipelines.ShellStep(
        "Synth",
        input=pipelines.CodePipelineSource.connection(
            app.node.get_context("repository"),
            "main",
            connection_arn=app.node.get_context("connection"),
        ),
        commands=["pip install cdk-bedrock-customization", "npx aws-cdk@2 synth"],
    ),
)
development = Development(
    app,
    "Development",
    env=Environment(**source),
    tools_account=tools["account"],
    production_account=target["account"],
)
production = Production(
    app,
    "Production",
    env=Environment(**target),
    source=Environment(**source),
    tools_account=tools["account"],
)
approval = pipelines.ManualApprovalStep(
    "ApproveProduction", comment="Is the model that is live in development to go to production?"
)
promotion = pipelines.CodeBuildStep(
    "PromoteModel",
    commands=["bash promote.sh"],
    env={
        "SOURCE_REGION": source.get("region", delivery.region),
        "TARGET_ACCOUNT": target["account"],
        "TARGET_REGION": target.get("region", delivery.region),
    },
    env_from_cfn_outputs={
        "SHARING_ROLE": development.role,
        "ALIAS": development.alias,
        "PROMOTING_ROLE": production.role,
        "STATE_MACHINE": production.machine,
    },
    role_policy_statements=[
        iam.PolicyStatement(
            actions=["sts:AssumeRole"],
            resources=[
                f"arn:{delivery.partition}:iam::{source['account']}:role/Development-*",
                f"arn:{delivery.partition}:iam::{target['account']}:role/Production-*",
            ],
        )
    ],
)
pipeline.add_stage(development)
pipeline.add_stage(production, pre=[approval], post=[promotion])
app.synth()
