"""One run of the pipeline on the embedded AWS: deploy, upload, execute, follow, collect."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_customization_runtime import storage
from bedrock_customization_runtime.manifest import Manifest
import msgspec

from bedrock_customization_local.cli.definition import Definition
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_local.cli.progress import Status
from bedrock_customization_local.cli.source import safe_name
from bedrock_customization_local.cli.watching import ExecutionWatch, job_detail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_local.cli.display import Timeline
    from bedrock_customization_local.cli.progress import Progress
    from bedrock_customization_local.cloud.server import LocalCloud

_LOOK_EVERY_SECONDS = 0.25
