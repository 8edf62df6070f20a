"""Custom models of what SageMaker AI has trained of Amazon Nova."""
