"""What a distributed Map state returns, and the files its `ResultWriter` leaves in S3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.frame import Frame
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import flow_of
from bedrock_customization_local.cloud.stepfunctions.language.definition import QueryLanguage, State
from bedrock_customization_local.cloud.stepfunctions.language.values import dump, timestamp
from bedrock_customization_local.cloud.stepfunctions.maps.objects import ObjectStore
from bedrock_customization_local.cloud.untyped import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildResult:
    """How a child execution ended.

    Args:
        arn: Its ARN.
        name: Its name.
        state_machine_arn: What it ran.
        status: Its status.
        started: When it began.
        stopped: When it ended.
        input: Its input.
        output: Its output, if it succeeded.
        error: Its error, if it has one.
        cause: Its cause, if it has one.
        redrives: How often it was redriven.
    """

    arn: str
    name: str
    state_machine_arn: str
    status: str
    started: datetime
    stopped: datetime
    input: Json
    output: Json
    error: str | None
    cause: str | None
    redrives: int

    @property
    def has_succeeded(self) -> bool:
        """Whether it has an output."""
        return self.status == "SUCCEEDED"

    def record(self) -> dict[str, Json]:
        """Return the result with the metadata of the execution."""
        record: dict[str, Json] = {
            "ExecutionArn": self.arn,
            "Input": dump(self.input),
            "InputDetails": {"Included": True},
            "Name": self.name,
            "RedriveCount": self.redrives,
            "RedriveStatus": "NOT_REDRIVABLE" if self.has_succeeded else "REDRIVABLE_BY_MAP_RUN",
            "StartDate": timestamp(self.started),
            "StateMachineArn": self.state_machine_arn,
            "Status": self.status,
            "StopDate": timestamp(self.stopped),
        }
        if self.has_succeeded:
            record |= {"Output": dump(self.output), "OutputDetails": {"Included": True}}
        if self.error is not None:
            record["Error"] = self.error
        if self.cause is not None:
            record["Cause"] = self.cause
        return record


def results(state: State, children: Sequence[ChildResult]) -> list[Json]:
    """Return the children's results as `WriterConfig` transforms them."""
    writer: Mapping[str, Json] = state.body.get("ResultWriter", {})
    default = "NONE" if "Resource" in writer else "COMPACT"
    transformation = writer.get("WriterConfig", {}).get("Transformation", default)
    return _transformed(children, transformation)


def export(
    children: Sequence[ChildResult],
    state: State,
    data: Json,
    frame: Frame,
    *,
    objects: ObjectStore,
    map_run_arn: str,
) -> Json:
    """Write the children's results to S3.

    Args:
        children: The results, in the order of the items.
        state: The Map state, with a `ResultWriter` that names a `Resource`.
        data: Its input.
        frame: Its surroundings; its role writes.
        objects: Where to write.
        map_run_arn: The map run; its id becomes part of the keys.

    Returns:
        The Map state's result: where the manifest is.

    Raises:
        StateError: `States.ResultWriterFailed`: S3 refused.
    """
    flow = flow_of(state)
    writer = state.body["ResultWriter"]
    name = "Arguments" if state.language is QueryLanguage.JSONATA else "Parameters"
    raw = flow.effective_input(state, data, frame.sight)
    target = flow.template(writer.get(name, {}), f"ResultWriter/{name}", raw, frame.sight)
    bucket: str = target["Bucket"]
    folder = "/".join(
        part
        for part in (target.get("Prefix", "").strip("/"), map_run_arn.rsplit(":", 1)[1])
        if part
    )
    config = {"Transformation": "NONE", "OutputType": "JSON", **writer.get("WriterConfig", {})}
    role: str = frame.context["Execution"]["RoleArn"]
    files: dict[str, list[Json]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    try:
        for group, members in _grouped(children).items():
            body = _encoded(_transformed(members, config["Transformation"]), config["OutputType"])
            key = f"{folder}/{group}_0.{config['OutputType'].lower()}"
            objects.write(role, bucket, key, body)
            files[group].append({"Key": key, "Size": len(body)})
        manifest = {"DestinationBucket": bucket, "MapRunArn": map_run_arn, "ResultFiles": files}
        objects.write(role, bucket, f"{folder}/manifest.json", dump(manifest).encode())
    except StateError as error:
        raise StateError(ErrorName.RESULT_WRITER_FAILED, f"{error.error}: {error.cause}") from error
    return {
        "MapRunArn": map_run_arn,
        "ResultWriterDetails": {"Bucket": bucket, "Key": f"{folder}/manifest.json"},
    }


def _grouped(children: Sequence[ChildResult]) -> dict[str, list[ChildResult]]:
    groups: dict[str, list[ChildResult]] = {}
    for child in children:
        groups.setdefault("SUCCEEDED" if child.has_succeeded else "FAILED", []).append(child)
    return groups


def _transformed(children: Sequence[ChildResult], transformation: str) -> list[Json]:
    transformed: list[Json] = []
    for child in children:
        if transformation == "NONE" or not child.has_succeeded:
            transformed.append(child.record())
        elif transformation == "FLATTEN" and isinstance(child.output, list):
            transformed.extend(child.output)
        else:
            transformed.append(child.output)
    return transformed


def _encoded(records: Sequence[Json], output_type: str) -> bytes:
    if output_type == "JSONL":
        return "".join(f"{dump(record)}\n" for record in records).encode()
    return dump(list(records)).encode()
