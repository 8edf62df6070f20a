"""AWS Budgets: kept as the template says it. Nothing here bills, so no budget is ever overrun."""

from bedrock_customization_local.cloud.deploy.resources._base import ReplacedResource


class Budget(ReplacedResource):
    """A budget and whom it tells."""

    cf_resource_type = "AWS::Budgets::Budget"
    service = "budgets"

    def create(self) -> None:
        """Create the budget; the API wants its limit as text."""
        given = dict(self.properties["Budget"])
        name = given.get("BudgetName") or self.named("BudgetName", limit=100)
        if "BudgetLimit" in given:
            limit = given["BudgetLimit"]
            given["BudgetLimit"] = {**limit, "Amount": str(limit["Amount"])}
        self.client.create_budget(
            AccountId=self.scope.account_id,
            Budget={**given, "BudgetName": name},
            **self.without("Budget"),
        )
        self.physical_resource_id = name

    def delete(self) -> None:
        """Delete it."""
        self.client.delete_budget(
            AccountId=self.scope.account_id, BudgetName=self.physical_resource_id
        )
