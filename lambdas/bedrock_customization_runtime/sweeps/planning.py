"""Before a round of a sweep is paid: which candidates it has, and is all there that they need?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.customization import plan
from bedrock_customization_runtime.customization.planning import check_account
from bedrock_customization_runtime.sweeps.proposal import propose

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import Proposal, ProposeCandidates
    from bedrock_customization_runtime.customization.planning import PlanningClients


def plan_round(clients: PlanningClients, event: ProposeCandidates) -> Proposal:
    """Return the jobs to train now, none when the sweep is done.

    Raises:
        CustomizationError: As of `propose` and of `check_account`.
    """
    proposed = propose(clients.bedrock, clients.s3, event)
    new = sum(plan.is_new(clients.bedrock, one["name"]) for one in proposed["candidates"])
    checks = check_account(clients, event, new_jobs=new)
    if checks:
        manifest.update(
            clients.s3, event["run"]["manifest"], lambda found: replace(found, preflight=checks)
        )
    return proposed
