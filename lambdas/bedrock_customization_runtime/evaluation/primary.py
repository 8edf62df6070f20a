"""The metric that decides, as the state machine names it: of the table, a function, a database."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import metrics
from bedrock_customization_runtime.s3 import streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import PrimaryMetric
    from bedrock_customization_runtime.evaluation.metrics import Metric


@contextmanager
def primary_metric(
    s3: S3Client, functions: Callable[[], LambdaClient], event: PrimaryMetric
) -> Iterator[Metric]:
    """Return the metric for the length of a `with`, during which a database lies on disk.

    Args:
        s3: Client.
        functions: Makes the Lambda client, if one is needed.
        event: Which metric.

    Raises:
        EvaluationFailed: There is none of that name, or the database cannot be read.
    """
    if own := event.get("own_metric"):
        yield metrics.of_function(functions(), own)
    elif database := event.get("database"):
        with NamedTemporaryFile() as file:
            try:
                streams.fetch(s3, database, file)
            except ClientError as error:
                raise EvaluationFailed(
                    f"the database {database} cannot be read ({error.response['Error']['Code']}): "
                    "upload it, or mend key and rights, and redrive the run"
                ) from error
            file.flush()
            yield metrics.executed_on(Path(file.name))
    else:
        yield metrics.metric_of(event["metric"])
