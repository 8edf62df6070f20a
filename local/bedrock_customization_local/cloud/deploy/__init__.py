"""CloudFormation of the embedded AWS: resources, and cloud assemblies without node."""

from bedrock_customization_local.cloud.deploy.assembly import DeploymentError, deploy_assembly

__all__ = ["DeploymentError", "deploy_assembly"]
