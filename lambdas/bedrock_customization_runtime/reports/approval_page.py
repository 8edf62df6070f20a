"""The page on which people approve or reject: figures and reasons of a run, never its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.reports import verdicts, wording
from bedrock_customization_runtime.reports.kinds import KINDS
from bedrock_customization_runtime.reports.pages import template

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import Manifest

_NAME = "approval.html.jinja"


def ask(manifest: Manifest, *, key: str, secret: str, expires: str) -> str:
    """Return the page with the form.

    Args:
        manifest: Of the run.
        key: Of the run.
        secret: Of the link, which the form sends back.
        expires: ISO 8601; until when a decision counts.
    """
    return template(_NAME).render(
        title="Does it go live?",
        lead=verdicts.verdict(manifest).headline,
        detail=verdicts.verdict(manifest).detail,
        manifest=manifest,
        kind=KINDS[manifest.run.kind],
        form={"run": key, "secret": secret},
        expires=expires,
    )


def decided(outcome: str) -> str:
    """Return the page after a decision."""
    return _plain(f"The candidate is {outcome}", "The run goes on with that.")


def refused(reason: str) -> str:
    """Return the page after a request without effect."""
    return _plain("Nothing was decided", wording.sentence(reason))


def _plain(title: str, lead: str) -> str:
    return template(_NAME).render(
        title=title, lead=lead, detail="", manifest=None, form=None, expires=None
    )
