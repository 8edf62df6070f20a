"""Putting a value at a reference path: names and indexes alone."""

from itertools import pairwise

from bedrock_customization_local.cloud.stepfunctions.language.jsonpath.parser import parse
from bedrock_customization_local.cloud.stepfunctions.language.jsonpath.path import PathError
from bedrock_customization_local.cloud.stepfunctions.language.values import copy
from bedrock_customization_local.cloud.untyped import Json


def insert(path: str, document: Json, value: Json) -> Json:
    """Return `document` with `value` at a reference path, as ResultPath does.

    Raises:
        PathError: The path is not a reference path, or crosses something that is no object.
    """
    keys = parse(path).keys
    if keys is None:
        raise PathError(f"{path} is not a reference path: use names and indexes only")
    if not keys:
        return value
    result = copy(document)
    target = result
    for key, following in pairwise(keys):
        if isinstance(key, str) and isinstance(target, dict):
            target.setdefault(key, {} if isinstance(following, str) else [])
        target = _child(path, target, key)
    _child_container(path, target, keys[-1])
    if isinstance(keys[-1], int) and keys[-1] == len(target):
        target.append(value)
    else:
        target[keys[-1]] = value
    return result


def _child_container(path: str, target: Json, key: str | int) -> None:
    fits = isinstance(target, dict) if isinstance(key, str) else isinstance(target, list)
    if not fits or (isinstance(key, int) and not 0 <= key <= len(target)):
        raise PathError(f"{path} cannot be set: {key!r} has no place in {type(target).__name__}")


def _child(path: str, target: Json, key: str | int) -> Json:
    _child_container(path, target, key)
    if isinstance(key, int) and key == len(target):
        raise PathError(f"{path} cannot be set: there is no element {key}")
    return target[key]
