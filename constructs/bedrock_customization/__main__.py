"""`python -m bedrock_customization`: the app of app.py, for an installation without a checkout."""

from aws_cdk import App

from bedrock_customization import CustomizationStack

app = App()
CustomizationStack.from_context(app, "Customization")
app.synth()
