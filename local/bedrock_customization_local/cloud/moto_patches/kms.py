"""What the embedded AWS works around in moto's KMS: events of keys that go out of use."""

import functools
import json
from collections.abc import Callable, Mapping

from moto.kms import models as kms

from bedrock_customization_local.cloud.moto_patches.replacing import Patches
from bedrock_customization_local.cloud.untyped import Client


def tell_of_lost_keys(patches: Patches) -> None:
    """Put on the default bus what CloudTrail tells of keys that are disabled or to be deleted.

    moto has no CloudTrail events.
    """
    for name, event in (
        ("disable_key", "DisableKey"),
        ("schedule_key_deletion", "ScheduleKeyDeletion"),
    ):
        original = vars(kms.KmsBackend)[name]
        patches.replace(kms.KmsBackend, name, _telling(patches, original, event))


def _telling(
    patches: Patches, original: Callable[..., object], event: str
) -> Callable[..., object]:
    @functools.wraps(original)
    def call(self: kms.KmsBackend, key_id: str, *args: object) -> object:
        result = original(self, key_id, *args)
        key = self.keys[key_id]
        detail = {
            "eventSource": "kms.amazonaws.com",
            "eventName": event,
            "awsRegion": self.region_name,
            "requestParameters": {"keyId": key.arn},
            "resources": [{"accountId": self.account_id, "type": "AWS::KMS::Key", "ARN": key.arn}],
        }
        entry = {
            "Source": "aws.kms",
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": json.dumps(detail),
        }
        _put(patches.client("events"), entry)
        return result

    return call


def _put(events: Client, entry: Mapping[str, str]) -> None:
    events.put_events(Entries=[entry])


PATCHES = (tell_of_lost_keys,)
