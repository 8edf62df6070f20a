"""The team's own step: closed tickets of a month become rows to learn from."""

import json
import os

import boto3


def handler(event: dict[str, str], _context: object) -> dict[str, str]:
    """Write the tickets of a month into one file.

    Args:
        event: `month`, such as `2026-11`.

    Returns:
        The `source` of a run: where that file is.
    """
    s3 = boto3.client("s3")
    tickets, data = os.environ["TICKETS_BUCKET"], os.environ["DATA_BUCKET"]
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=tickets, Prefix=f"closed/{event['month']}/"
    )
    rows = []
    for item in (item for page in pages for item in page.get("Contents", [])):
        ticket = json.load(s3.get_object(Bucket=tickets, Key=item["Key"])["Body"])
        rows.append({"question": ticket["question"], "queue": ticket["queue"]})
    key = f"incoming/tickets/{event['month']}.jsonl"
    body = "".join(f"{json.dumps(row)}\n" for row in rows)
    s3.put_object(Bucket=data, Key=key, Body=body.encode())
    return {"source": f"s3://{data}/{key}"}
