"""Fine-tune Meta Llama 3.3 on a bank's questions, and compare it with its base model."""

from aws_cdk import App, Environment, Stack

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    FineTuning,
    Gate,
    RecordTemplate,
)

app = App()
base_model = BaseModel.of(app.node.get_context("bedrock_customization:baseModel"))
# Bedrock customizes each model in Regions of its own, Llama in us-west-2 alone.
stack = Stack(app, "LlamaFineTuning", env=Environment(region=base_model.facts.regions[0]))
pipeline = CustomizationPipeline(
    stack,
    "Pipeline",
    base_model=base_model,
    template=RecordTemplate(
        prompt="{text}",
        completion="{category}",
        system="You sort customers' questions to a bank. Answer with the intent only.",
    ),
    method=FineTuning(hyperparameters={"epochCount": "5"}),
    gate=Gate(min_improvement=0.02),
    max_cost_usd=25,
    # No document says what a question to Llama 3.3 costs; the rest is held to the limit.
    allow_unknown_price=True,
    max_tokens=32,
)
pipeline.define_outputs()
app.synth()
