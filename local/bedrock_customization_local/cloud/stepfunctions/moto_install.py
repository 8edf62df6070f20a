"""Puts our Step Functions where moto's is: its API, and its CloudFormation resource."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.exceptions import ServiceException
from moto.core.model import ServiceModel
from moto.core.responses import ActionResult, BaseResponse
from moto.s3.models import s3_backends
from moto.stepfunctions import models, responses

from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.stepfunctions.service import StepFunctions
from bedrock_customization_local.cloud.stepfunctions.values import Json

if TYPE_CHECKING:
    from botocore.model import OperationModel

_ = (uuid4, boto3, ServiceModel, BaseResponse)
