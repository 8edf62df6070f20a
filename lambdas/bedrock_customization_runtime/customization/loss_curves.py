"""The loss files of a customization job, as Bedrock leaves them in S3.

What such a file holds is read as far as it can be: a row that is cut or makes no sense is left out,
and nothing raises. Losses that are NaN or infinite are kept: they are what a training that diverges
leaves.
"""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from typing import TYPE_CHECKING

from bedrock_customization_runtime.manifest import CurvePoint
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_bedrock.type_defs import GetModelCustomizationJobResponseTypeDef
    from mypy_boto3_s3 import S3Client

MAXIMUM_POINTS = 200
TRAINING = ("step_wise_training_metrics.csv", "training_loss")
# Documents and samples disagree on the folder, so the file is found by its name.
VALIDATION = ("validation_metrics.csv", "validation_loss")
_LARGEST_STEP = 2**53
_LARGEST_DRAWN = 1e30


def read_losses(
    s3: S3Client, job: GetModelCustomizationJobResponseTypeDef
) -> tuple[list[CurvePoint], list[CurvePoint]]:
    """Return the training and the validation losses of a job, as far as there are any yet."""
    files = _metric_files(s3, job)
    return _losses(s3, files, *TRAINING), _losses(s3, files, *VALIDATION)


def read_validation_losses(
    s3: S3Client, job: GetModelCustomizationJobResponseTypeDef
) -> list[float]:
    """Return the validation losses alone."""
    return [point.loss for point in _losses(s3, _metric_files(s3, job), *VALIDATION)]


def parse(body: bytes, column: str) -> list[CurvePoint]:
    """Return the losses in a column of a file, by step.

    Args:
        body: CSV with `step_number`, `epoch_number` and the column.
        column: Its name.
    """
    points: list[CurvePoint] = []
    text = body.decode("utf-8-sig", errors="replace").replace("\0", "")
    with suppress(csv.Error):
        for row in csv.DictReader(io.StringIO(text, newline="")):
            point = _point(row, column)
            if point is not None:
                points.append(point)
    return sorted(points, key=lambda point: point.step)


def finite(points: Sequence[CurvePoint], most: int = MAXIMUM_POINTS) -> list[CurvePoint]:
    """Return the points that can be drawn, thinned evenly; the first and the last are among them.

    Args:
        points: Of a curve.
        most: How many, from 2.
    """
    drawn = [point for point in points if abs(point.loss) < _LARGEST_DRAWN]
    if len(drawn) <= most:
        return drawn
    stride = (len(drawn) - 1) / (most - 1)
    return [drawn[round(index * stride)] for index in range(most)]


def _point(row: dict[str, str], column: str) -> CurvePoint | None:
    # A row that is too short has None, one without the column no key.
    with suppress(KeyError, TypeError, ValueError, OverflowError):
        step, epoch = int(float(row["step_number"])), int(float(row["epoch_number"]))
        if 0 <= step <= _LARGEST_STEP and 0 <= epoch <= _LARGEST_STEP:
            return CurvePoint(step=step, epoch=epoch, loss=float(row[column]))
    return None


def _metric_files(s3: S3Client, job: GetModelCustomizationJobResponseTypeDef) -> list[str]:
    """Return the URIs of the job's output files; Bedrock puts them below the job's own id."""
    prefix = objects.S3Uri.parse(job["outputDataConfig"]["s3Uri"].rstrip("/"))
    job_id = job["jobArn"].rpartition("/")[2]
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=prefix.bucket, Prefix=f"{prefix.key}/model-customization-job-{job_id}/"
    )
    return [
        f"s3://{prefix.bucket}/{item['Key']}" for page in pages for item in page.get("Contents", [])
    ]


def _losses(s3: S3Client, files: list[str], name: str, column: str) -> list[CurvePoint]:
    found = [uri for uri in files if uri.endswith(f"/{name}")]
    return parse(objects.read(s3, found[0]), column) if found else []
