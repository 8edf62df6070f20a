"""moto's services behind HTTP, a little faster than moto's own server lets them be."""

import functools
import string

from moto import backends, settings
from moto.core import errors, loaders, responses, utils
from moto.kms import models as kms
from moto.moto_api._internal.moto_random import MotoRandom
from moto.moto_server import werkzeug_app

from bedrock_customization_local.cloud.http_server import HttpServer

LOOPBACK = "127.0.0.1"


def start(port: int = 0) -> HttpServer:
    """Serve moto on loopback.

    Args:
        port: Where to listen; 0 takes a free port.

    Raises:
        OSError: The port is taken.
    """
    _quicken()
    application = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
    # Twice for each request, the hosts of all services are tried until one fits.
    application.get_backend_for_host = functools.cache(application.get_backend_for_host)
    server = HttpServer((LOOPBACK, port), application)
    server.start()
    return server


@functools.cache
def _quicken() -> None:
    """Let moto do once what it does for each request, and leave undone what nothing here needs."""
    # moto lists its own folder twice for each request, a fifth of the time it takes to answer.
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    # Each new loader lists the folders of all services, a twentieth of a second.
    loader = loaders.create_loader()
    utils.create_loader = lambda: loader
    # Each request looks through its service's operations, each error through its errors.
    responses.method_names_from_class = functools.cache(utils.method_names_from_class)
    lookups = errors.ErrorLookupFactory()
    errors.ErrorLookupFactory = lambda: lookups
    # Each request has an id of fifty characters, S3's access log a hundred digits more: drawn
    # together, not one by one.
    MotoRandom.get_random_hex = _random_hex
    MotoRandom.get_random_string = _random_string
    # Web pages of other origins, for which each answer gets more headers, have no business here.
    werkzeug_app.DISABLE_GLOBAL_CORS = True
    # Each symmetric key gets an RSA key, too, which nobody can use and which takes the longest.
    make_key = kms.generate_private_key
    kms.generate_private_key = lambda spec: None if spec == "SYMMETRIC_DEFAULT" else make_key(spec)
    # Nothing here starts a machine, and each reset would make hundreds of images anew.
    settings.ec2_load_default_amis = lambda: False


def _random_hex(self: MotoRandom, length: int = 8) -> str:
    return f"{self.getrandbits(4 * length):0{length}x}"


def _random_string(
    self: MotoRandom,
    length: int = 20,
    include_digits: bool = True,  # noqa: FBT001, FBT002 - moto's signature
    lower_case: bool = False,  # noqa: FBT001, FBT002 - moto's signature
) -> str:
    pool = string.ascii_letters + (string.digits if include_digits else "")
    text = "".join(self.choices(pool, k=length))
    return text.lower() if lower_case else text
