"""What the API refuses, by the names that botocore's models give.

::

    ServiceError
    ├── ValidationError         ValidationException
    ├── NotFoundError           ResourceNotFoundException
    ├── ConflictError           ConflictException
    ├── QuotaExceededError      ServiceQuotaExceededException
    ├── TooManyTagsError        TooManyTagsException
    ├── ThrottledError          ThrottlingException
    ├── ModelNotReadyError      ModelNotReadyException
    ├── InternalServerError     InternalServerException
    └── NotEmulatedError        an operation of AWS that is not emulated
"""


class ServiceError(Exception):
    """Base of every error that the API answers with.

    Args:
        message: For the caller.
    """

    code = "InternalServerException"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ValidationError(ServiceError):
    """The request is malformed, or does not fit the resource's state."""

    code = "ValidationException"


class NotFoundError(ServiceError):
    """There is no such resource."""

    code = "ResourceNotFoundException"


class ConflictError(ServiceError):
    """The name or the token is taken."""

    code = "ConflictException"


class QuotaExceededError(ServiceError):
    """The account has no room for more."""

    code = "ServiceQuotaExceededException"


class TooManyTagsError(ServiceError):
    """A resource would have more than 50 tags."""

    code = "TooManyTagsException"


class ThrottledError(ServiceError):
    """Too many requests; nothing happened."""

    code = "ThrottlingException"


class ModelNotReadyError(ServiceError):
    """No copy of an imported model runs yet."""

    code = "ModelNotReadyException"


class InternalServerError(ServiceError):
    """A fault of the service, or a reply that was lost; something may have happened."""

    code = "InternalServerException"


class NotEmulatedError(ServiceError):
    """AWS has this, the embedded AWS does not."""

    code = "NotEmulated"
