"""CloudFormation of the embedded AWS: resources, and cloud assemblies without node."""

from .assembly import DeploymentError, deploy_assembly

__all__ = ["DeploymentError", "deploy_assembly"]
