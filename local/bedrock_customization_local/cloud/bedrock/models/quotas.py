"""How much an account may have at a time."""

from dataclasses import dataclass

from bedrock_customization_runtime.catalog import service


@dataclass(frozen=True, kw_only=True, slots=True)
class Quotas:
    """Quotas of the account."""

    custom_models: int
    scheduled_customization_jobs: int
    custom_model_deployments: int
    custom_model_deployments_in_progress: int
    concurrent_evaluation_jobs: int
    provisioned_model_units_without_commitment: int
    """Across models; zero until AWS raises it."""


def default_quotas() -> Quotas:
    """Return what a new account has, as the catalogue states it."""
    return Quotas(**{name: quota.value for name, quota in service().quotas.items()})
