"""The deployable app: one stack, configured by context in cdk.json or `cdk deploy -c key=value`."""

from aws_cdk import App

from bedrock_customization import CustomizationStack

app = App()
CustomizationStack.from_context(app, "Customization")
app.synth()
