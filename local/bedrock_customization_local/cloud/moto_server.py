"""moto's services behind HTTP, a little faster than moto's own server lets them be."""

from moto import backends, settings
from moto.core import loaders, utils
from moto.kms import models as kms
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from bedrock_customization_local.cloud.http_server import HttpServer

LOOPBACK = "127.0.0.1"


def start(port: int = 0) -> HttpServer:
    """Serve moto on loopback.

    Args:
        port: Where to listen; 0 takes a free port.

    Raises:
        OSError: The port is taken.
    """
    # moto lists its own folder twice for each request, a fifth of the time it takes to answer.
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    # Each new loader lists the folders of all services, a twentieth of a second.
    loader = loaders.create_loader()
    utils.create_loader = lambda: loader
    # Each symmetric key gets an RSA key, too, which nobody can use and which takes the longest.
    make_key = kms.generate_private_key
    kms.generate_private_key = lambda spec: None if spec == "SYMMETRIC_DEFAULT" else make_key(spec)
    # Nothing here starts a machine, and each reset would make hundreds of images anew.
    settings.ec2_load_default_amis = lambda: False
    server = HttpServer((LOOPBACK, port), DomainDispatcherApplication(create_backend_app))
    server.start()
    return server
