"""A watch over the bill: AWS Budgets tells the pipeline's people what Bedrock costs in a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Annotations, Token, aws_iam as iam
from constructs import Construct

from bedrock_customization._checks import check_between
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION
from bedrock_customization_runtime.contract import PIPELINE_TAG

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

    from bedrock_customization.pipeline import CustomizationPipeline

_ACTUAL_PERCENT, _FORECAST_PERCENT = 80, 100
_BUDGETS = f"arn:{PARTITION}:budgets::{ACCOUNT_ID}:*"
_FOR_THIS_ACCOUNT = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
    "ArnLike": {"aws:SourceArn": _BUDGETS},
}


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
        self._let_budgets_publish(pipeline.topic)

    def _let_budgets_publish(self, topic: sns.ITopic) -> None:
        """Let AWS Budgets reach the topic: a policy of a topic replaces what it has by default."""
        allowed = topic.add_to_resource_policy(_statement(["sns:Publish"], topic.topic_arn))
        if allowed.policy_dependable is not None:
            self.budget.node.add_dependency(allowed.policy_dependable)
        if topic.master_key:
            # In the policy of a key, `*` is the key itself.
            statement = _statement(["kms:Decrypt", "kms:GenerateDataKey"], "*")
            key = topic.master_key.add_to_resource_policy(statement, allow_no_op=True)
            allowed_key = key.statement_added
        else:
            allowed_key = True
        if not (allowed.statement_added and allowed_key):
            arn = "" if Token.is_unresolved(topic.topic_arn) else f" {topic.topic_arn}"
            Annotations.of(self).add_warning_v2(
                "bedrock_customization:budgetTopic",
                f"the topic{arn} or its key is imported, so this stack cannot let "
                "budgets.amazonaws.com publish to it: allow sns:Publish on the topic, and "
                "kms:Decrypt and kms:GenerateDataKey on its key, with aws:SourceAccount",
            )


def _statement(actions: list[str], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("budgets.amazonaws.com")],
        actions=actions,
        resources=[resource],
        conditions=_FOR_THIS_ACCOUNT,
    )
