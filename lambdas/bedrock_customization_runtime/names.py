"""Names and client request tokens of what a run creates, derived from the run alone.

A retried or redriven state asks for the same name with the same token, so Bedrock answers with
what exists instead of making and billing a second one. The alphabet, lower-case letters and digits
joined by single hyphens, fits every name pattern of the Bedrock API; botocore's own pattern for job
names is not used to check it, because it backtracks for ever on long names.
"""

import re
from hashlib import sha256

from bedrock_customization_runtime.contract import Names

MAXIMUM_LENGTH = 58
"""Bedrock takes 63: the rest is for the number of a redrive, which a state appends."""
_DIGEST_LENGTH = 12
_PLAIN_KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,78}[A-Za-z0-9])?")


def names_of(execution_arn: str) -> tuple[Names, Names]:
    """Return the name and the client request token of a run's deployment.

    Args:
        execution_arn: Unique in the world, so that two pipelines never ask for one name.
    """
    return (
        {"deployment": name_of(execution_arn, "deployment")},
        {"deployment": name_of(execution_arn, "deployment-token")},
    )


def of_drive(name: str, redrives: int) -> str:
    """Return a name as the state machine writes it after so many redrives.

    What a failed run made is taken away, and Bedrock would answer the same token with it.
    """
    return f"{name}-{redrives}" if redrives else name


def job_of(execution_arn: str, attempt: int, candidate: int | None = None) -> tuple[str, str, str]:
    """Return the names of a run's job and model and the client request token.

    Args:
        execution_arn: The run.
        attempt: From 0.
        candidate: Number in the run's sweep; None without one.
    """
    of_candidate = "" if candidate is None else f"-{candidate}"
    return (
        name_of(execution_arn, f"job{of_candidate}", attempt),
        name_of(execution_arn, f"model{of_candidate}", attempt),
        name_of(execution_arn, f"job-token{of_candidate}", attempt),
    )


def name_of(execution_arn: str, step: str, attempt: int = 0) -> str:
    """Return a name of at most 63 characters that is the same for the same arguments.

    Args:
        execution_arn: The run.
        step: What the name is for.
        attempt: Counts deliberate repetitions, which must not adopt what the last one made.
    """
    digest = sha256(f"{execution_arn}\n{step}\n{attempt}".encode()).hexdigest()[:_DIGEST_LENGTH]
    room = MAXIMUM_LENGTH - _DIGEST_LENGTH - 1
    readable = _slug(execution_arn[-2 * MAXIMUM_LENGTH :].rpartition(":")[2])[:room].strip("-")
    return f"{readable}-{digest}" if readable else digest


def key_of(run_id: str) -> str:
    """Return the S3 key segment of a run: its id where Bedrock takes it in a key, else a safe form.

    Args:
        run_id: The execution's name, up to 80 characters of many alphabets.
    """
    if _PLAIN_KEY.fullmatch(run_id):
        return run_id
    digest = sha256(run_id.encode()).hexdigest()[:_DIGEST_LENGTH]
    readable = _slug(run_id[: 2 * MAXIMUM_LENGTH])[:MAXIMUM_LENGTH].strip("-")
    return f"{readable}-{digest}" if readable else digest


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
