"""The embedded AWS: moto for the plane, our own Step Functions, Lambda runtime and Bedrock on top."""
