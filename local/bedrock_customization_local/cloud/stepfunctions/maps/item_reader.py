"""Reads the items of a distributed Map state: its `ItemReader` and `ItemBatcher`."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final
from urllib.parse import unquote_plus

from bedrock_customization_local.cloud.stepfunctions.branching import whole_number
from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.frame import Frame
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import flow_of
from bedrock_customization_local.cloud.stepfunctions.language.definition import QueryLanguage, State
from bedrock_customization_local.cloud.stepfunctions.language.values import (
    PAYLOAD_LIMIT,
    size,
)
from bedrock_customization_local.cloud.stepfunctions.maps.objects import ObjectStore
from bedrock_customization_local.cloud.untyped import Json

_DELIMITERS: Final = {
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "SPACE": " ",
    "TAB": "\t",
}


def read_items(state: State, data: Json, frame: Frame, objects: ObjectStore) -> Json:
    """Return what a distributed Map state's `ItemReader` finds.

    Args:
        state: The Map state.
        data: Its input.
        frame: Its surroundings; its role reads.
        objects: Where the items are.

    Returns:
        An array, or an object whose members are the items.

    Raises:
        StateError: `States.ItemReaderFailed`: the data is not what the reader was told.
    """
    reader = state.body["ItemReader"]
    source = _filled(state, reader, data, frame)
    config = reader.get("ReaderConfig", {})
    limit = _limit(state, config, data, frame)
    role: str = frame.context["Execution"]["RoleArn"]
    action = reader["Resource"].rsplit(":", 1)[-1]
    try:
        if action == "listObjectsV2":
            return list(islice(_listing(objects, role, source), limit))
        body = objects.read(role, source["Bucket"], source["Key"], source.get("VersionId"))
        items = _parsed(config, body, objects, role, state.language)
    except StateError as error:
        raise StateError(ErrorName.ITEM_READER_FAILED, f"{error.error}: {error.cause}") from error
    except (ValueError, KeyError, TypeError, IndexError, OSError, csv.Error) as error:
        raise StateError(
            ErrorName.ITEM_READER_FAILED,
            f"Attempting to read {config.get('InputType', 'the items')} from "
            f"s3://{source.get('Bucket')}/{source.get('Key', '')} failed: {error}",
        ) from error
    if isinstance(items, dict):
        return dict(islice(items.items(), limit))
    return list(islice(items, limit))


def batches(state: State, data: Json, frame: Frame, items: Iterable[Json]) -> list[Json]:
    """Return the inputs of the child executions: the items, or batches of them.

    Args:
        state: The Map state.
        data: Its input.
        frame: Its surroundings.
        items: What passed `ItemSelector`.
    """
    batcher = state.body.get("ItemBatcher")
    if batcher is None:
        return list(items)
    fields = State(name=state.name, type=state.type, language=state.language, body=batcher)
    most = whole_number(fields, "MaxItemsPerBatch", data, frame)
    largest = whole_number(fields, "MaxInputBytesPerBatch", data, frame) or PAYLOAD_LIMIT
    extra: dict[str, Json] = {}
    if "BatchInput" in batcher:
        extra["BatchInput"] = flow_of(state).template(
            batcher["BatchInput"], "ItemBatcher/BatchInput", data, frame.sight
        )
    result: list[Json] = []
    current: list[Json] = []
    for item in items:
        is_full = most is not None and len(current) >= most
        if current and (is_full or size({**extra, "Items": [*current, item]}) > largest):
            result.append({**extra, "Items": current})
            current = []
        current.append(item)
    if current:
        result.append({**extra, "Items": current})
    return result


def _filled(state: State, reader: Mapping[str, Json], data: Json, frame: Frame) -> Json:
    flow = flow_of(state)
    raw = flow.effective_input(state, data, frame.sight)
    name = "Arguments" if state.language is QueryLanguage.JSONATA else "Parameters"
    return flow.template(reader.get(name, {}), f"ItemReader/{name}", raw, frame.sight)


def _limit(state: State, config: Mapping[str, Json], data: Json, frame: Frame) -> int | None:
    fields = State(name=state.name, type=state.type, language=state.language, body=config)
    # Zero means no limit, as in AWS.
    return whole_number(fields, "MaxItems", data, frame) or None


def _listing(objects: ObjectStore, role: str, source: Mapping[str, Json]) -> Iterator[Json]:
    for found in objects.list(role, source["Bucket"], source.get("Prefix", "")):
        yield {
            "Etag": found["etag"],
            "Key": found["key"],
            "LastModified": int(found["last_modified"].timestamp()),
            "Size": found["size"],
            "StorageClass": found["storage_class"],
        }


def _parsed(
    config: Mapping[str, Json],
    body: bytes,
    objects: ObjectStore,
    role: str,
    language: QueryLanguage,
) -> Json:
    kind = config["InputType"]
    if kind == "MANIFEST":
        return _inventory(config, body, objects, role)
    if kind not in {"CSV", "JSON", "JSONL"}:
        raise ValueError(f"InputType {kind} cannot be read here: use CSV, JSON, JSONL or MANIFEST")
    text = body.decode("utf-8-sig")
    if kind == "CSV":
        return _rows(config, text)
    if kind == "JSONL":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    items = json.loads(text)
    for key in config.get("ItemsPointer", "").split("/")[1:]:
        name = key.replace("~1", "/").replace("~0", "~")
        items = items[int(name)] if isinstance(items, list) else items[name]
    if isinstance(items, dict) and language is QueryLanguage.JSONPATH:
        return [{"Key": key, "Value": value} for key, value in items.items()]
    if not isinstance(items, list | dict):
        raise TypeError("the JSON is neither an array nor an object")
    return items


def _rows(config: Mapping[str, Json], text: str) -> list[Json]:
    delimiter = _DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    if config.get("CSVHeaderLocation", "FIRST_ROW") == "GIVEN":
        names = config["CSVHeaders"]
    else:
        names, rows = rows[0], rows[1:]
    # A short row misses its last columns, a long one loses its surplus: as AWS documents it.
    return [dict(zip(names, row, strict=False)) for row in rows if row]


def _inventory(
    config: Mapping[str, Json], body: bytes, objects: ObjectStore, role: str
) -> list[Json]:
    if config.get("ManifestType", "S3_INVENTORY") != "S3_INVENTORY":
        raise ValueError("only manifests of type S3_INVENTORY can be read here")
    manifest = json.loads(body)
    if manifest["fileFormat"] != "CSV":
        raise ValueError(f"an inventory in {manifest['fileFormat']} cannot be read here: use CSV")
    names = [name.strip() for name in manifest["fileSchema"].split(",")]
    bucket = manifest["destinationBucket"].removeprefix("arn:aws:s3:::")
    items: list[Json] = []
    for file in manifest["files"]:
        text = gzip.decompress(objects.read(role, bucket, file["key"])).decode()
        for row in csv.reader(io.StringIO(text)):
            item = dict(zip(names, row, strict=False))
            # Inventories hold URL-encoded keys.
            items.append({**item, "Key": unquote_plus(item["Key"])} if "Key" in item else item)
    return items
