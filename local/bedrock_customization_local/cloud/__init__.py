"""The embedded AWS: moto's plane, with our own Step Functions, Lambda and Bedrock on top."""
