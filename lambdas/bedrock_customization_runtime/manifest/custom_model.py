"""What SageMaker AI trained of Amazon Nova, and the custom model that Bedrock made of it."""

import msgspec


class CustomModelSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The custom model that the run creates."""

    location: str
    """S3 URI in an escrow bucket, or ARN of a model package."""
    training_job: str | None = None
    """Whose output names the location; None where it was given."""
    base_model: str
    """Id for customization; what Bedrock says once the model is made must agree."""
    model_name: str
    model_arn: str | None = None
    """None before the model is Active; so the next."""
    created: str | None = None
    """ISO 8601, UTC."""
