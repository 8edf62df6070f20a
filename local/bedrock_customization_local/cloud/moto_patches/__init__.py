"""Every fault of moto that the embedded AWS works around: a module per service, a function each.

Written against moto 5.2.5. Each patch has a test that fails without it, so the tests say which a
newer moto no longer needs. What other packages replace in moto as a whole, they install
themselves: the Step Functions API, the Lambda invocation, the Bedrock API.
"""

from collections.abc import Callable

from bedrock_customization_local.cloud.moto_patches import (
    cloudformation,
    cloudwatch,
    events,
    iam,
    kms,
    lambdas,
    s3,
    sns,
)
from bedrock_customization_local.cloud.moto_patches.replacing import Patches

PATCHES: tuple[Callable[[Patches], None], ...] = (
    *cloudformation.PATCHES,
    *cloudwatch.PATCHES,
    *events.PATCHES,
    *iam.PATCHES,
    *kms.PATCHES,
    *lambdas.PATCHES,
    *s3.PATCHES,
    *sns.PATCHES,
)


def apply(patches: Patches) -> Callable[[], None]:
    """Patch moto.

    Args:
        patches: Keeps what is replaced, and holds what the patches need.

    Returns:
        What puts moto back as it was.
    """
    for patch in PATCHES:
        patch(patches)
    return patches.undo
