"""Asynchronous invocations: answered at once, retried, and given to a destination if they fail."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from uuid import uuid4

import boto3

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.credentials import DUMMY_CREDENTIALS
from bedrock_customization_local.cloud.lambdas.functions import Invocation, TooManyRequestsError

_RETRY_DELAYS = (60, 120)
_THROTTLE_SECONDS = 0.05
_WORKERS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class AsynchronousEvent:
    """An event Lambda has taken responsibility for.

    Args:
        function_arn: The ARN that was called, with its qualifier.
        payload: The event, as JSON.
        retries: How often to try again, 0 to 2.
        on_success: ARN that gets a record of a success; empty for none.
        on_failure: ARN that gets a record of the last failure; empty for none.
        dead_letter: ARN that gets the event itself after the last failure; empty for none.
    """

    function_arn: str
    payload: bytes = field(repr=False)
    retries: int = len(_RETRY_DELAYS)
    on_success: str = ""
    on_failure: str = ""
    dead_letter: str = ""


class AsynchronousInvoker:
    """Works asynchronous events off.

    Args:
        clock: Shortens the waits between attempts.
        endpoint_url_of: Gives the embedded AWS's address, for the destinations.
        region: The Region of the destinations.
    """

    def __init__(self, *, clock: Clock, endpoint_url_of: Callable[[], str], region: str) -> None:
        self._clock = clock
        self._endpoint_url_of = endpoint_url_of
        self._region = region
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="lambda-async")
        self._closed = False
        self._lock = Lock()

    def submit(self, event: AsynchronousEvent, invoke: Callable[[], Invocation]) -> None:
        """Take an event; `invoke` runs the function once."""
        with self._lock:
            if not self._closed:
                self._pool.submit(self._work, event, invoke)

    def close(self) -> None:
        """Forget what has not begun; what has ends with its sandbox."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, event: AsynchronousEvent, invoke: Callable[[], Invocation]) -> None:
        attempts = 0
        while True:
            try:
                invocation = invoke()
            except TooManyRequestsError:
                # Throttled events stay in Lambda's queue for hours: no attempt is used up.
                if self._clock.stop.wait(_THROTTLE_SECONDS) or self._closed:
                    return
                continue
            attempts += 1
            if self._closed:
                return
            if invocation.function_error is None:
                self._deliver(event.on_success, _record(event, invocation, attempts, "Success"))
                return
            if attempts > event.retries:
                break
            self._clock.wait(_RETRY_DELAYS[attempts - 1])
        self._deliver(event.on_failure, _record(event, invocation, attempts, "RetriesExhausted"))
        self._deliver(event.dead_letter, event.payload.decode())

    def _deliver(self, arn: str, body: str) -> None:
        if not arn:
            return
        _, _, service, _, account, name = arn.split(":", 5)
        session = boto3.Session(
            aws_access_key_id=DUMMY_CREDENTIALS.access_key_id,
            aws_secret_access_key=DUMMY_CREDENTIALS.secret_access_key,
            region_name=self._region,
        )
        url = self._endpoint_url_of()
        if service == "sqs":
            sqs = session.client("sqs", endpoint_url=url)
            queue = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            sqs.send_message(QueueUrl=queue["QueueUrl"], MessageBody=body)
        elif service == "sns":
            session.client("sns", endpoint_url=url).publish(TopicArn=arn, Message=body)
        elif service == "lambda":
            session.client("lambda", endpoint_url=url).invoke(
                FunctionName=arn, InvocationType="Event", Payload=body.encode()
            )
        elif service == "events":
            session.client("events", endpoint_url=url).put_events(
                Entries=[
                    {
                        "Source": "lambda",
                        "DetailType": "Lambda Function Invocation Result",
                        "Detail": body,
                        "EventBusName": arn,
                    }
                ]
            )


def _record(event: AsynchronousEvent, invocation: Invocation, attempts: int, condition: str) -> str:
    response: dict[str, object] = {
        "statusCode": 200,
        "executedVersion": invocation.executed_version,
    }
    if invocation.function_error:
        response["functionError"] = invocation.function_error
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": now,
            "requestContext": {
                "requestId": str(uuid4()),
                "functionArn": event.function_arn,
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "requestPayload": json.loads(event.payload),
            "responseContext": response,
            "responsePayload": json.loads(invocation.payload),
        }
    )
