"""Does what Task states ask for, against AWS behind one endpoint."""

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName
from bedrock_customization_local.cloud.stepfunctions.language.resources import Kind, Pattern
from bedrock_customization_local.cloud.stepfunctions.task import TaskCall
from bedrock_customization_local.cloud.stepfunctions.tasks import functions, jobs, services
from bedrock_customization_local.cloud.stepfunctions.tasks.activities import ActivityQueues
from bedrock_customization_local.cloud.stepfunctions.tasks.api import Api
from bedrock_customization_local.cloud.stepfunctions.tasks.naming import boto3_name, sdk_error
from bedrock_customization_local.cloud.untyped import Json


class AwsTasks:
    """Calls Lambda functions, AWS services and activities.

    Args:
        api: Where the services are.
        activities: Where tasks of activities wait for workers.
    """

    def __init__(self, api: Api, activities: ActivityQueues) -> None:
        self._api = api
        self._activities = activities

    def __call__(self, call: TaskCall, /) -> Json:
        """Call what the task names.

        Raises:
            StateError: It failed.
            Interrupted: Something outside ended the task.
        """
        if call.assumed_by is not None:
            self._assume(call, call.assumed_by)
        if call.resource.kind is Kind.ACTIVITY:
            return self._activities.offer(call)
        if call.resource.kind is Kind.LAMBDA:
            return functions.invoke_directly(self._api, call)
        if call.resource.kind is Kind.SDK:
            service = boto3_name(call.resource.service)
            return self._api.call(call, service, call.resource.action, call.arguments, sdk_error)
        if call.resource.pattern in {Pattern.SYNC, Pattern.SYNC_2}:
            return jobs.run(self._api, call, lambda: services.request(self._api, call))
        if call.resource.service == "lambda":
            return functions.invoke(self._api, call)
        return services.request(self._api, call)

    def _assume(self, call: TaskCall, machine_role: str) -> None:
        self._api.authorize(
            machine_role,
            self._api.operation("sts", "AssumeRole"),
            {"RoleArn": call.role_arn, "RoleSessionName": "StepFunctions"},
            lambda _model, _code: ErrorName.PERMISSIONS,
        )
