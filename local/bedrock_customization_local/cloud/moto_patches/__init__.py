"""Every fault of moto that the embedded AWS works around: a module per service, a function each.

Written against moto 5.2.5. Each patch has a test that fails without it, so the tests say which a
newer moto no longer needs. What other packages replace in moto as a whole, they install
themselves: the Step Functions API, the Lambda invocation, the Bedrock API.
"""

from collections.abc import Callable

from bedrock_customization_local.cloud.deploy.resources import ClientFactory
from bedrock_customization_local.cloud.moto_patches import (
    cloudformation,
    cloudwatch,
    events,
    iam,
    lambdas,
    s3,
)
from bedrock_customization_local.cloud.moto_patches.replacing import Patches

PATCHES: tuple[Callable[[Patches], None], ...] = (
    *cloudformation.PATCHES,
    *cloudwatch.PATCHES,
    *events.PATCHES,
    *iam.PATCHES,
    *lambdas.PATCHES,
    *s3.PATCHES,
)


def apply(client: ClientFactory) -> Callable[[], None]:
    """Patch moto.

    Args:
        client: Makes clients of the plane by boto3 service name.

    Returns:
        What puts moto back as it was.
    """
    patches = Patches(client)
    for patch in PATCHES:
        patch(patches)
    return patches.undo
