"""Import a model of the Hugging Face Hub, and compare it with a model of Bedrock."""

from aws_cdk import App, Environment, Stack, aws_secretsmanager as secretsmanager

from bedrock_customization import (
    BaseModel,
    Gate,
    HuggingFaceModel,
    ModelImportPipeline,
    RecordTemplate,
)

app = App()
settings = app.node.try_get_context("model") or {}
# Custom Model Import is offered in four Regions; this is also one of Nova's.
stack = Stack(app, "HuggingFaceImport", env=Environment(region="us-east-1"))
# A gated model needs a token that may read it; it stays in Secrets Manager.
token = settings.get("token_secret_arn")
pipeline = ModelImportPipeline(
    stack,
    "Pipeline",
    model=HuggingFaceModel(
        repo=settings["repo"],
        revision=settings.get("revision", "main"),
        endpoint=settings.get("endpoint", "https://huggingface.co"),
        token=secretsmanager.Secret.from_secret_complete_arn(stack, "HubToken", token)
        if token
        else None,
    ),
    base_model=BaseModel.NOVA_MICRO,
    template=RecordTemplate(
        prompt="{text}",
        completion="{category}",
        system="You sort customers' questions to a bank. Answer with the intent only.",
    ),
    gate=Gate(min_improvement=0.02),
    max_cost_usd=25,
    max_tokens=32,
)
pipeline.define_outputs()
app.synth()
