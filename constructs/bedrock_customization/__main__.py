"""`python -m bedrock_customization` synthesizes the ready-made app, for an installation without one."""

from aws_cdk import App

from bedrock_customization import CustomizationStack

app = App()
CustomizationStack.from_context(app, "Customization")
app.synth()
