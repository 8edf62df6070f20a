"""ARNs of foundation models and inference profiles, for policies."""

from aws_cdk import Token

from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION, REGION
from bedrock_customization_runtime import catalog


def arns_for_invocation(model_id: str) -> list[str]:
    """Return the ARNs in a policy for whoever invokes a model.

    An inference profile sends requests to models in several Regions, so it takes rights on the
    profile and on the model in each of them.

    Args:
        model_id: Of a foundation model or an inference profile, or an ARN that stands for itself.
    """
    if model_id.startswith("arn:") or Token.is_unresolved(model_id):
        return [model_id]
    geography, name = catalog.split_profile(model_id)
    if not geography:
        return [foundation_model_arn(name)]
    return [_profile_arn(model_id), foundation_model_arn(name, region="*")]


def arns_in_region(model_id: str) -> list[str]:
    """Return the ARNs, in the stack's Region, in a policy for whoever looks a model up.

    Args:
        model_id: Of a foundation model or an inference profile; the latter's model comes along.
    """
    geography, name = catalog.split_profile(model_id)
    return [foundation_model_arn(name), *([_profile_arn(model_id)] if geography else [])]


def foundation_model_arn(model_id: str, region: str = REGION) -> str:
    """Return the ARN of a foundation model, in the stack's Region where no other is given."""
    # Foundation models belong to no account, so the ARN leaves it empty.
    return f"arn:{PARTITION}:bedrock:{region}::foundation-model/{model_id}"


def _profile_arn(model_id: str) -> str:
    return f"arn:{PARTITION}:bedrock:{REGION}:{ACCOUNT_ID}:inference-profile/{model_id}"
