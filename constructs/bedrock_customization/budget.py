"""A watch over the bill: AWS Budgets tells the pipeline's people what Bedrock costs in a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from bedrock_customization._checks import check_between
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION
from bedrock_customization._publishers import let_publish
from bedrock_customization_runtime.contract import PIPELINE_TAG

if TYPE_CHECKING:
    from bedrock_customization.pipeline import CustomizationPipeline

_ACTUAL_PERCENT, _FORECAST_PERCENT = 80, 100
_BUDGETS = f"arn:{PARTITION}:budgets::{ACCOUNT_ID}:*"


class CustomizationBudget(Construct):
    """Define a monthly budget of what a pipeline's jobs, models and deployments cost.

    The pipeline's topic hears when 80 % of it is spent, and when the forecast is above all of it.
    Nothing is stopped: `max_cost_usd` keeps a single run from starting. The budget counts what
    carries the tag `bedrock-customization:pipeline`, which a payer of the account must first
    activate as a cost allocation tag (docs/costs.md); until then it counts nothing.

    Args:
        scope: Parent.
        id: Id below the parent.
        pipeline: Whose costs, and who is told. A topic of your own must be in this account; if it
            is imported, or its key is, let `budgets.amazonaws.com` publish and use the key.
        monthly_limit_usd: In US dollars, from 1 on.

    Raises:
        ValueError: `monthly_limit_usd` is out of range.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        pipeline: CustomizationPipeline,
        monthly_limit_usd: float,
    ) -> None:
        check_between(
            "monthly_limit_usd", monthly_limit_usd, 1, 1e9, "it is an amount of US dollars a month"
        )
        super().__init__(scope, id)
        # Only who wants a budget waits for the module.
        from aws_cdk import aws_budgets as budgets  # noqa: PLC0415

        name = pipeline.state_machine.state_machine_name
        self.budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=monthly_limit_usd, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{PIPELINE_TAG}${name}"]},
                # Credits would hide what is used until they are used up.
                cost_types=budgets.CfnBudget.CostTypesProperty(
                    include_credit=False, include_refund=False
                ),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[
                        budgets.CfnBudget.SubscriberProperty(
                            subscription_type="SNS", address=pipeline.topic.topic_arn
                        )
                    ],
                )
                for kind, percent in (
                    ("ACTUAL", _ACTUAL_PERCENT),
                    ("FORECASTED", _FORECAST_PERCENT),
                )
            ],
        )
        allowed = let_publish(
            self,
            pipeline.topic,
            "budgets.amazonaws.com",
            source_arn=_BUDGETS,
            warning="budgetTopic",
        )
        if allowed is not None:
            # AWS Budgets looks whether it may publish.
            self.budget.node.add_dependency(allowed)
