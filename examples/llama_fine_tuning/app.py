"""Fine-tune Meta Llama on a bank's questions, and compare it with its base model."""

from aws_cdk import App, Duration, Environment, Stack

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    FineTuning,
    Gate,
    OnDemand,
    ProvisionedThroughput,
    RecordTemplate,
)

TRAINING_USD = 25
# Throughput bills by the hour whether it is asked or not, so it has an end and a limit.
THROUGHPUT_HOURS, THROUGHPUT_HOURLY_USD = 12, 30

app = App()
base_model = BaseModel.of(app.node.get_context("bedrock_customization:baseModel"))
is_on_demand = base_model.facts.deployability.on_demand
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
    deployment=OnDemand()
    if is_on_demand
    else ProvisionedThroughput(
        ttl=Duration.hours(THROUGHPUT_HOURS),
        max_hourly_cost_usd=THROUGHPUT_HOURLY_USD,
        allow_unknown_price=True,
    ),
    gate=Gate(min_improvement=0.02),
    max_cost_usd=TRAINING_USD + (0 if is_on_demand else THROUGHPUT_HOURS * THROUGHPUT_HOURLY_USD),
    # No document says what a model unit of Llama costs, or a question to Llama 3.3; what has a
    # price is held to the limit.
    allow_unknown_price=True,
    max_tokens=32,
)
pipeline.define_outputs()
app.synth()
