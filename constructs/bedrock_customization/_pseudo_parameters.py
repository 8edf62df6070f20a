"""What CloudFormation knows of where a stack is deployed, read once.

Each read of an attribute of `Aws` asks the node process, and many ARNs are written.
"""

from __future__ import annotations

from aws_cdk import Aws

PARTITION = Aws.PARTITION
REGION = Aws.REGION
ACCOUNT_ID = Aws.ACCOUNT_ID
