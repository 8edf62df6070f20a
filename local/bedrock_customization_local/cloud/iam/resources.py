"""How the parameters of an API call name resources."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Parameters = Mapping[str, object]
"""The parameters of a call, as botocore names them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Where a call happens; the parts that ARNs are made of."""

    partition: str
    region: str
    account: str


Resource = Callable[[Parameters, Scope], tuple[str, ...]]
"""Gives the ARNs of the resources that a call concerns; none if the parameter is missing."""

# `us.` and its like before a model's id mean an inference profile over several Regions.
_PROFILE = re.compile(r"(?:us|us-gov|eu|apac|ap|jp|au|ca|global)\.(?P<model>[a-z0-9-]+\..+)")


def value(parameters: Parameters, path: str) -> object:
    """Return a parameter by its dotted path, None where it is missing."""
    found: object = parameters
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def anything(_parameters: Parameters, _scope: Scope) -> tuple[str, ...]:
    """Stand for actions that know no resources."""
    return ("*",)


def arn(template: str) -> Resource:
    """Return a resource whose ARN holds parameters, like `s3:::{Bucket}/{Key}`.

    Args:
        template: What follows the partition. `{region}` and `{account}` stand for the scope's.
    """
    names = [name for name in re.findall(r"{(\w+)}", template) if name not in {"region", "account"}]

    def resource(parameters: Parameters, scope: Scope) -> tuple[str, ...]:
        if any(not parameters.get(name) for name in names):
            return ()
        given = {name: str(parameters[name]) for name in names}
        text = template.format(region=scope.region, account=scope.account, **given)
        return (f"arn:{scope.partition}:{text}",)

    return resource


def identified(prefix: str, path: str) -> Resource:
    """Return a resource that a parameter names by its ARN or by its id.

    Args:
        prefix: What stands between the partition and an id, like `ssm:{region}:{account}:x/`.
        path: The parameter; a list names several resources.
    """

    def resource(parameters: Parameters, scope: Scope) -> tuple[str, ...]:
        found = value(parameters, path)
        names = found if isinstance(found, list) else [found] if found else []
        start = prefix.format(region=scope.region, account=scope.account)
        return tuple(
            str(name)
            if str(name).startswith("arn:")
            else f"arn:{scope.partition}:{start}{str(name).lstrip('/')}"
            for name in names
        )

    return resource


def bedrock(kind: str, path: str) -> Resource:
    """Return a resource of this account's Bedrock, named by ARN, id or name."""
    return identified(f"bedrock:{{region}}:{{account}}:{kind}/", path)


def base_model(path: str) -> Resource:
    """Return a foundation model or, where the ARN says so, a custom model."""
    return identified("bedrock:{region}::foundation-model/", path)


def invoked_model(parameters: Parameters, scope: Scope) -> tuple[str, ...]:
    """Return what `modelId` stands for; an inference profile brings its model along."""
    model = str(parameters.get("modelId", ""))
    profile = _PROFILE.fullmatch(model.rpartition("/")[2])
    if not profile:
        return base_model("modelId")(parameters, scope)
    return (
        *bedrock("inference-profile", "modelId")(parameters, scope),
        *base_model("modelId")({"modelId": profile["model"]}, scope),
    )


def function(parameters: Parameters, scope: Scope) -> tuple[str, ...]:
    """Return a Lambda function by ARN, partial ARN or name, with its qualifier."""
    name = str(parameters.get("FunctionName", ""))
    name = name.partition(":function:")[2] or name
    qualifier = parameters.get("Qualifier")
    if qualifier and ":" not in name:
        name = f"{name}:{qualifier}"
    return (f"arn:{scope.partition}:lambda:{scope.region}:{scope.account}:function:{name}",)


def queue(parameters: Parameters, scope: Scope) -> tuple[str, ...]:
    """Return a queue by the end of its URL."""
    url = str(parameters.get("QueueUrl", "")).rstrip("/")
    name = url.rpartition("/")[2] or str(parameters.get("QueueName", ""))
    return (f"arn:{scope.partition}:sqs:{scope.region}:{scope.account}:{name}",)


def event_buses(parameters: Parameters, scope: Scope) -> tuple[str, ...]:
    """Return the bus of each entry."""
    entries = parameters.get("Entries", [])
    names = {
        str(entry.get("EventBusName", "default"))
        for entry in (entries if isinstance(entries, list) else [])
    }
    prefix = "events:{region}:{account}:event-bus/"
    return identified(prefix, "names")({"names": sorted(names or {"default"})}, scope)


def copy_source(parameters: Parameters, scope: Scope) -> tuple[str, ...]:
    """Return the object that CopyObject or UploadPartCopy reads."""
    source = copied(parameters)
    return (f"arn:{scope.partition}:s3:::{source['Bucket']}/{source['Key']}",)


def copied(parameters: Parameters) -> Mapping[str, str]:
    """Return the `Bucket` and `Key` of a copy's source."""
    source = parameters.get("CopySource", "")
    if isinstance(source, Mapping):
        return {"Bucket": str(source["Bucket"]), "Key": str(source["Key"])}
    path = str(source).partition("?versionId=")[0].lstrip("/")
    bucket, _, key = path.partition("/")
    return {"Bucket": bucket, "Key": key}


def deleted_objects(parameters: Parameters, scope: Scope) -> tuple[str, ...]:
    """Return every object of DeleteObjects."""
    objects = value(parameters, "Delete.Objects")
    bucket = parameters.get("Bucket")
    return tuple(
        f"arn:{scope.partition}:s3:::{bucket}/{one['Key']}"
        for one in (objects if isinstance(objects, list) else [])
    )
