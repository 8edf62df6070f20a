"""The environment a sandbox's process starts with: what Lambda sets and nothing of the user's."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from bedrock_customization_local.cloud.credentials import Credentials
from bedrock_customization_local.cloud.lambdas.functions import FunctionDefinition, LogFormat

# What a process needs of the machine to start at all; the rest of the user's shell stays out.
_INHERITED = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
_NATIVE_SUFFIXES = tuple(suffix for suffix in EXTENSION_SUFFIXES if "cpython" in suffix)
_SITE_FOLDERS = frozenset({"site-packages", "dist-packages"})


def sandbox_environment(
    function: FunctionDefinition,
    *,
    home: Path,
    code: Path,
    shared_cache: Path,
    log_stream: str,
    region: str,
    endpoint_url: str,
    credentials: Credentials,
) -> dict[str, str]:
    """Return every variable of the process, but for the Runtime API's address.

    Args:
        function: Its own variables come first; Lambda's reserved ones override them.
        home: The sandbox's own folder.
        code: LAMBDA_TASK_ROOT.
        shared_cache: Kept between sandboxes, for caches that are slow to fill.
        log_stream: The sandbox's log stream.
        region: The Region.
        endpoint_url: The embedded AWS.
        credentials: The execution role's.
    """
    return {
        **machine_environment(shared_cache),
        **function.environment,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "HOME": str(home),
        "USERPROFILE": str(home),
        "TMPDIR": str(home / "tmp"),
        "TEMP": str(home / "tmp"),
        "LAMBDA_TASK_ROOT": str(code),
        "LAMBDA_RUNTIME_DIR": str(Path(__file__).parent),
        "_HANDLER": function.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_LOG_FORMAT": function.log_format,
        **_log_level(function),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        **_signing(credentials),
        "BEDROCK_CUSTOMIZATION_EMBEDDED": "1",
    }


def machine_environment(shared_cache: Path) -> dict[str, str]:
    """Return the variables that do not depend on the function.

    Args:
        shared_cache: Kept between sandboxes, for caches that are slow to fill.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        **inherited,
        "OPENBLAS_NUM_THREADS": "1",  # threads fight over the cores of a small machine
        "MPLCONFIGDIR": str(shared_cache),  # or every sandbox scans the fonts anew
        "LANG": "C.UTF-8",
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchPath:
    """Where a sandbox's Python looks for modules, beside its own library.

    Args:
        first: Folders before it.
        last: Folders after it.
    """

    first: list[str]
    last: list[str]


def search_path(code: Path, layers: Iterable[Path]) -> SearchPath:
    """Return where Python looks: the code, the layers, then the libraries of this environment.

    All layers are one folder in Lambda, in which a later layer overwrites an earlier one. This
    process's own site-packages stand in for Lambda's, and for a layer that synth did not bundle:
    they are the same locked versions. A layer with machine code for another Python or processor,
    as a real deployment bundles it for Lambda, comes after them, because it would not load here.
    """
    newest_first = list(layers)[::-1]
    native = [layer for layer in newest_first if _is_native(layer)]
    foreign = [layer for layer in newest_first if layer not in native]
    return SearchPath(
        first=[str(code), *_folders_of(native)], last=[*libraries(), *_folders_of(foreign)]
    )


def libraries() -> list[str]:
    """Return the folders of the libraries of this environment."""
    return [path for path in sys.path if Path(path).name in _SITE_FOLDERS]


def _folders_of(layers: list[Path]) -> list[str]:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [
        *(str(layer / "python" / "lib" / version / "site-packages") for layer in layers),
        *(str(layer / "python") for layer in layers),
    ]


@cache
def _is_native(layer: Path) -> bool:
    tagged = (module.name for module in layer.rglob("*.cpython-*.so"))
    return all(name.endswith(_NATIVE_SUFFIXES) for name in tagged)


def _log_level(function: FunctionDefinition) -> Mapping[str, str]:
    if function.log_format is LogFormat.JSON and function.log_level:
        return {"AWS_LAMBDA_LOG_LEVEL": function.log_level}
    return {}


def _signing(credentials: Credentials) -> Mapping[str, str]:
    pair = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
    }
    token = credentials.session_token
    return {**pair, "AWS_SESSION_TOKEN": token} if token else pair
