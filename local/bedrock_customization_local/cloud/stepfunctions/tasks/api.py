"""Calls AWS operations for tasks, with the permissions of the machine's role."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Protocol

import boto3
import botocore
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.model import OperationModel, ServiceModel

from bedrock_customization_local.cloud.iam import AccessDenied
from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.stepfunctions.task import TaskCall
from bedrock_customization_local.cloud.stepfunctions.tasks.naming import denied_code
from bedrock_customization_local.cloud.stepfunctions.tasks.shapes import (
    UnknownFieldError,
    from_botocore,
    to_botocore,
)
from bedrock_customization_local.cloud.untyped import Json

# A Lambda function may run 15 minutes before it answers.
_READ_SECONDS = 920
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=_READ_SECONDS,
    # Retries are the definition's business; a second attempt here would hide the first failure.
    retries={"total_max_attempts": 1},
    max_pool_connections=100,
    inject_host_prefix=False,
    s3={"addressing_style": "path"},
    user_agent="embedded-aws",  # put together anew for each request, were it not given
)

# Names an error: from the service's model and the error code.
ErrorNamer = Callable[[ServiceModel, str], str]


class TaskAuthorizer(Protocol):
    """Decides whether a role may do what a task asks for."""

    def authorize(
        self, *, role_arn: str, service: str, operation: str, parameters: Mapping[str, object]
    ) -> None:
        """Return if the role may make the call.

        Args:
            role_arn: The role.
            service: The boto3 name of the service.
            operation: The botocore name of the operation: `CreateModelCustomizationJob`.
            parameters: The botocore parameters of the call.

        Raises:
            AccessDenied: It may not.
        """


class Api:
    """AWS behind one endpoint.

    Args:
        endpoint_url_of: Returns the endpoint; asked at each call, because it may start later.
        region: The Region of the clients.
        authorizer: Decides who may do what; None lets everyone do everything.
    """

    def __init__(
        self, *, endpoint_url_of: Callable[[], str], region: str, authorizer: TaskAuthorizer | None
    ) -> None:
        self._endpoint_url_of = endpoint_url_of
        # One for all clients: each session reads the descriptions of AWS anew.
        self._session = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=region
        )
        self._authorizer = authorizer
        self._lock = Lock()
        self._clients: dict[tuple[str, str], BaseClient] = {}

    def client(self, service: str) -> BaseClient:
        """Return the client of a service, by its boto3 name."""
        key = (self._endpoint_url_of(), service)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(  # type: ignore[call-overload] # the name is data
                    service, endpoint_url=key[0], config=_CONFIG
                )
            return self._clients[key]

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for client in self._clients.values():
                client.close()

    def operation(self, service: str, action: str) -> OperationModel:
        """Return the model of an operation.

        Args:
            service: The boto3 name of the service.
            action: The operation, in camelCase or PascalCase.

        Raises:
            ValueError: The service has no such operation.
        """
        model = self.client(service).meta.service_model
        wanted = action[0].upper() + action[1:]
        if wanted not in model.operation_names:
            raise ValueError(f"{service} has no operation {wanted}")
        return model.operation_model(wanted)

    def call(
        self, call: TaskCall, service: str, action: str, arguments: Json, name_error: ErrorNamer
    ) -> Json:
        """Call an operation with PascalCase parameters.

        Args:
            call: The task on whose behalf.
            service: The boto3 name of the service.
            action: The operation.
            arguments: Its parameters.
            name_error: Names what goes wrong.

        Returns:
            The response as PascalCase JSON.

        Raises:
            StateError: The call is denied, malformed or failed.
        """
        operation = self.operation(service, action)
        try:
            parameters = to_botocore(operation.input_shape, arguments)
            response = self.request(call.role_arn, operation, parameters, name_error)
        except (UnknownFieldError, ParamValidationError) as error:
            raise StateError(
                ErrorName.RUNTIME,
                f"The Parameters '{dump(arguments)}' could not be used to start the Task: {error}",
            ) from error
        return from_botocore(operation.output_shape, response)

    def request(
        self,
        role_arn: str,
        operation: OperationModel,
        parameters: Mapping[str, Json],
        name_error: ErrorNamer,
    ) -> Mapping[str, Json]:
        """Make a request with botocore's parameters and return botocore's response.

        Raises:
            StateError: The call is denied or failed.
            ParamValidationError: The parameters do not fit the operation.
        """
        service = operation.service_model
        self.authorize(role_arn, operation, parameters, name_error)
        method = getattr(self.client(service.service_name), botocore.xform_name(operation.name))
        try:
            response: Mapping[str, Json] = method(**parameters)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise StateError(name_error(service, code), _cause(service, error)) from error
        except ParamValidationError:
            raise
        except BotoCoreError as error:
            # As the SDK for Java reports what never reached the service.
            raise StateError(
                name_error(service, "SdkClientException").rsplit(".", 1)[0] + ".SdkClientException",
                str(error),
            ) from error
        return response

    def authorize(
        self,
        role_arn: str,
        operation: OperationModel,
        parameters: Mapping[str, Json],
        name_error: ErrorNamer,
    ) -> None:
        """Return if a role may make a call.

        Raises:
            StateError: It may not; the error is the one that the service denies access with.
        """
        if self._authorizer is None:
            return
        service = operation.service_model
        try:
            self._authorizer.authorize(
                role_arn=role_arn,
                service=service.service_name,
                operation=operation.name,
                parameters=parameters,
            )
        except AccessDenied as error:
            raise StateError(name_error(service, denied_code(service)), str(error)) from error


def _cause(service: ServiceModel, error: ClientError) -> str:
    details = error.response.get("ResponseMetadata", {})
    message = error.response["Error"].get("Message", "")
    return (
        f"{message} (Service: {service.service_id}, Status Code: "
        f"{details.get('HTTPStatusCode')}, Request ID: {details.get('RequestId')})"
    )
