"""What runs inside the Lambda functions: the data engine, evaluation, reports and the handlers."""

__version__ = "0.1.0"
