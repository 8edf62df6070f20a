"""Customize Amazon Nova Micro where NIST 800-53 R5, HIPAA or PCI DSS apply."""

import cdk_nag
from aws_cdk import App, Stack, Validations, aws_iam as iam

from bedrock_customization import (
    Approval,
    BaseModel,
    CustomizationNetwork,
    CustomizationPipeline,
    RecordTemplate,
)

app = App()
# Synthesis fails on a finding of any of them that nobody acknowledged.
Validations.of(app).add_plugins(
    cdk_nag.AwsSolutionsChecks(app),
    cdk_nag.ServerlessChecks(app),
    cdk_nag.NIST80053R5Checks(app),
    cdk_nag.HIPAASecurityChecks(app),
    cdk_nag.PCIDSS321Checks(app),
)
stack = Stack(app, "Regulated")
network = CustomizationNetwork(stack, "Network")
pipeline = CustomizationPipeline(
    stack,
    "Pipeline",
    base_model=BaseModel.of(app.node.get_context("bedrock_customization:baseModel")),
    template=RecordTemplate(prompt="{text}", completion="{category}"),
    approval=Approval(link=False),
    network=network,
    regulated=True,
)
# Who puts data in and reads reports from where there is no way through the endpoint.
analysts = iam.Role.from_role_name(
    stack, "Analysts", app.node.get_context("bedrock_customization:analystsRole")
)
network.require_endpoint(pipeline.storage, scope=pipeline, except_for=[analysts])
pipeline.define_outputs()
app.synth()
