"""How a customization job ends before its time."""


class JobFailedError(Exception):
    """The job ends as Failed. The message is the job's `failureMessage`."""


class JobStoppedError(Exception):
    """The job ends as Stopped."""
