"""Customization jobs over HTTP."""

import csv
import io

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind

from .conftest import RECORDS
