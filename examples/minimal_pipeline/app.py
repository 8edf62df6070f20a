"""The smallest app: a table of questions and answers becomes a fine-tuned Amazon Nova."""

from aws_cdk import App, Stack

from bedrock_customization import BaseModel, CustomizationPipeline, RecordTemplate

app = App()
stack = Stack(app, "MinimalPipeline")
pipeline = CustomizationPipeline(
    stack,
    "Pipeline",
    base_model=BaseModel.NOVA_MICRO,
    template=RecordTemplate(prompt="{text}", completion="{category}"),
    max_cost_usd=10,
)
pipeline.define_outputs()
app.synth()
