"""moto's server on loopback: the plane of the embedded AWS that all other parts stand on."""

import functools
import os
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import boto3
import botocore.session
from botocore.config import Config

from bedrock_customization_local.cloud.untyped import Client

if TYPE_CHECKING:
    from bedrock_customization_local.cloud.http_server import HttpServer

ACCOUNT_ID = "123456789012"

_in_use = threading.Lock()  # moto keeps its state in globals, so a process has one plane at a time


class Plane:
    """A running moto server with fresh state.

    While it runs, the process's own `AWS_*` environment is that of the embedded AWS: neither the
    user's credentials nor AWS itself can be reached by accident, from no library.

    Args:
        port: Where to listen on 127.0.0.1; 0 takes a free port.
        region: The Region of its clients.

    Raises:
        RuntimeError: This process runs one already.
        OSError: The port is taken.
    """

    def __init__(self, *, port: int = 0, region: str = "us-east-1") -> None:
        if not _in_use.acquire(blocking=False):
            raise RuntimeError(
                "this process runs an embedded AWS already: close it first, "
                "or start the second one in another process"
            )
        self.region = region
        self.account_id = ACCOUNT_ID
        self._clients: dict[str, Any] = {}
        self._clients_lock = threading.Lock()
        self._server: HttpServer | None = None
        self._undo = ExitStack()
        self._undo.callback(_in_use.release)
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._server = self._serve(port)
            self.port = self._server.port
            self.endpoint_url = self._server.url
            self._undo.callback(_set_environment(self.environment()))
            on_failure.pop_all()

    def __enter__(self) -> Self:
        """Return the running plane."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def client(self, service: str) -> Client:
        """Return the client of a service, with dummy credentials; always the same one.

        Args:
            service: Its boto3 name.
        """
        with self._clients_lock:  # making a client is not thread-safe, using one is
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service,
                    endpoint_url=self.endpoint_url,
                    config=Config(
                        max_pool_connections=32,
                        proxies={},
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                        # Put together anew for each request, were it not given.
                        user_agent="embedded-aws",
                    ),
                    verify=False,
                )
            return self._clients[service]

    def environment(self) -> dict[str, str]:
        """Return the variables with which the AWS CLI, the CDK and any SDK use this plane."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def hush(self) -> None:
        """Log no request that fails from now on: what it needs is being taken down."""
        if self._server:
            self._server.hush()

    def close(self) -> None:
        """Stop the server; a second call does nothing."""
        self.hush()
        with self._clients_lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
        self._undo.close()

    @functools.cached_property
    def _session(self) -> Any:  # noqa: ANN401 - boto3's types know services by literal names only
        core = botocore.session.Session()
        core.set_config_variable("config_file", os.devnull)
        core.set_config_variable("credentials_file", os.devnull)
        return boto3.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name=self.region,
            botocore_session=core,
        )

    def _serve(self, port: int) -> "HttpServer":
        # Imported here: moto takes most of a second, and most commands need none.
        from moto.moto_api._internal import moto_api_backend  # noqa: PLC0415

        from bedrock_customization_local.cloud import moto_server  # noqa: PLC0415

        moto_api_backend.reset()
        server = moto_server.start(port)
        self._undo.callback(moto_api_backend.reset)
        self._undo.callback(server.close)
        return server


def _set_environment(variables: Mapping[str, str]) -> "functools.partial[None]":
    """Replace every `AWS_*` variable by these; return what puts the old ones back."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    _replace_environment(variables)
    return functools.partial(_replace_environment, before)


def _replace_environment(variables: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(variables)
