"""The CloudFormation types of the embedded AWS that are made through their service's API.

moto's own CloudFormation models miss about half of these types and drop properties of the others.
Real CloudFormation is a client of the services' APIs, and so is this: what a template says reaches
the API as it is, and what the API does not know fails the stack.
"""

from bedrock_customization_local.cloud.deploy.resources import (
    access,
    billing,
    functions,
    messaging,
    operations,
    storage,
)
from bedrock_customization_local.cloud.deploy.resources._base import (
    ClientFactory,
    Properties,
    Resource,
    StackScope,
)

RESOURCE_TYPES: dict[str, type[Resource]] = {
    resource.cf_resource_type: resource
    for resource in (
        access.ManagedPolicy,
        access.Policy,
        access.Role,
        billing.Budget,
        functions.Alias,
        functions.EventInvokeConfig,
        functions.Function,
        functions.LayerVersion,
        functions.Permission,
        functions.Url,
        functions.Version,
        messaging.Queue,
        messaging.QueuePolicy,
        messaging.Rule,
        messaging.Subscription,
        messaging.Topic,
        messaging.TopicPolicy,
        operations.Alarm,
        operations.CompositeAlarm,
        operations.Dashboard,
        operations.LogGroup,
        operations.LogResourcePolicy,
        operations.Metadata,
        operations.MetricFilter,
        operations.Parameter,
        storage.Bucket,
        storage.BucketPolicy,
        storage.Key,
        storage.KeyAlias,
        storage.Repository,
    )
}

__all__ = ["RESOURCE_TYPES", "ClientFactory", "Properties", "Resource", "StackScope"]
