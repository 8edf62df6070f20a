"""A model hub on loopback that speaks the Hugging Face Hub's API on folders of this machine.

It stands beside the embedded AWS and knows nothing of it: what fetches models is given its address
as it would be given a mirror's. `repositories` is what it holds, `api` what it answers, `faults`
what goes wrong on purpose, `server` the two hosts: the hub's own, and another one from which large
files come, as from a content delivery network.
"""

from bedrock_customization_local.cloud.hub.faults import Host, HubFault, HubFaultKind
from bedrock_customization_local.cloud.hub.repositories import Access
from bedrock_customization_local.cloud.hub.server import Hub, SeenRequest

__all__ = ["Access", "Host", "Hub", "HubFault", "HubFaultKind", "SeenRequest"]
