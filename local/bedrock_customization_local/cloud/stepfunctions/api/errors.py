"""The errors of the Step Functions API."""


class ApiError(Exception):
    """An operation refuses.

    Args:
        code: The error code, as botocore's model names it.
        message: What is wrong.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
