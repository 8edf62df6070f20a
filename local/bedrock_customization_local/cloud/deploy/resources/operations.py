"""The types of CloudWatch, its logs and Systems Manager, and what only CDK reads."""

from bedrock_customization_local.cloud.deploy.resources._base import (
    PutResource,
    Resource,
    lower_first,
    tag_map,
)
from bedrock_customization_local.cloud.untyped import Json


class LogGroup(Resource):
    """A log group."""

    cf_resource_type = "AWS::Logs::LogGroup"
    service = "logs"
    immutable = frozenset({"LogGroupName", "LogGroupClass"})

    def create(self) -> None:
        """Create the group and set its retention."""
        name = self.named("LogGroupName", limit=512)
        settings = lower_first(self.without("LogGroupName", "RetentionInDays", "Tags"))
        tags = tag_map(self.properties)
        if tags:
            settings["tags"] = tags
        self.client.create_log_group(logGroupName=name, **settings)
        self.physical_resource_id = name
        self.attributes = {"Arn": self.arn("logs", f"log-group:{name}:*")}
        self.update()

    def update(self) -> None:
        """Set or remove retention."""
        group = {"logGroupName": self.physical_resource_id}
        days = self.properties.get("RetentionInDays")
        if days is None:
            self.client.delete_retention_policy(**group)
        else:
            self.client.put_retention_policy(**group, retentionInDays=days)

    def delete(self) -> None:
        """Delete it with its logs."""
        self.client.delete_log_group(logGroupName=self.physical_resource_id)


class MetricFilter(PutResource):
    """A metric read from a log group."""

    cf_resource_type = "AWS::Logs::MetricFilter"
    service = "logs"
    immutable = frozenset({"FilterName", "LogGroupName"})

    def put(self) -> None:
        """Write the filter."""
        name = self.physical_resource_id or self.named("FilterName", limit=512)
        metrics = [lower_first(metric) for metric in self.properties["MetricTransformations"]]
        parameters = lower_first(self.without("FilterName", "MetricTransformations"))
        self.client.put_metric_filter(filterName=name, metricTransformations=metrics, **parameters)
        self.physical_resource_id = name

    def delete(self) -> None:
        """Delete the filter."""
        self.client.delete_metric_filter(
            logGroupName=self.properties["LogGroupName"], filterName=self.physical_resource_id
        )


class LogResourcePolicy(PutResource):
    """Who may write to the account's log groups."""

    cf_resource_type = "AWS::Logs::ResourcePolicy"
    service = "logs"
    immutable = frozenset({"PolicyName"})

    def put(self) -> None:
        """Write the policy."""
        self.client.put_resource_policy(**lower_first(self.properties))
        self.physical_resource_id = self.properties["PolicyName"]

    def delete(self) -> None:
        """Delete the policy."""
        self.client.delete_resource_policy(policyName=self.physical_resource_id)


class Alarm(PutResource):
    """A metric alarm."""

    cf_resource_type = "AWS::CloudWatch::Alarm"
    service = "cloudwatch"
    immutable = frozenset({"AlarmName"})
    _operation = "put_metric_alarm"

    def put(self) -> None:
        """Write the alarm."""
        name = self.physical_resource_id or self.named("AlarmName", limit=255)
        getattr(self.client, self._operation)(AlarmName=name, **self.without("AlarmName"))
        self.physical_resource_id = name
        self.attributes = {"Arn": self.arn("cloudwatch", f"alarm:{name}")}

    def delete(self) -> None:
        """Delete the alarm."""
        self.client.delete_alarms(AlarmNames=[self.physical_resource_id])


class CompositeAlarm(Alarm):
    """An alarm over the states of others."""

    cf_resource_type = "AWS::CloudWatch::CompositeAlarm"
    _operation = "put_composite_alarm"


class Dashboard(PutResource):
    """A CloudWatch dashboard."""

    cf_resource_type = "AWS::CloudWatch::Dashboard"
    service = "cloudwatch"
    immutable = frozenset({"DashboardName"})

    def put(self) -> None:
        """Write the dashboard."""
        name = self.physical_resource_id or self.named("DashboardName", limit=255)
        self.client.put_dashboard(DashboardName=name, **self.without("DashboardName"))
        self.physical_resource_id = name

    def delete(self) -> None:
        """Delete the dashboard."""
        self.client.delete_dashboards(DashboardNames=[self.physical_resource_id])


class Parameter(Resource):
    """A Systems Manager parameter."""

    cf_resource_type = "AWS::SSM::Parameter"
    service = "ssm"
    immutable = frozenset({"Name"})

    def create(self) -> None:
        """Create the parameter."""
        tags = [{"Key": k, "Value": v} for k, v in self.properties.get("Tags", {}).items()]
        name = self.named("Name", limit=512)
        self._put(name, Tags=tags)
        self.physical_resource_id = name

    def update(self) -> None:
        """Overwrite the value; SSM takes tags only with a new parameter."""
        self._put(self.physical_resource_id, Overwrite=True)

    def delete(self) -> None:
        """Delete the parameter."""
        self.client.delete_parameter(Name=self.physical_resource_id)

    def _put(self, name: str, **parameters: Json) -> None:
        self.client.put_parameter(Name=name, **self.without("Name", "Tags"), **parameters)
        self.attributes = {"Type": self.properties["Type"], "Value": self.properties["Value"]}


class Metadata(PutResource):
    """What CDK tells AWS about the app; it creates nothing in AWS either."""

    cf_resource_type = "AWS::CDK::Metadata"

    def put(self) -> None:
        """Have nothing to create."""
        self.physical_resource_id = self.logical_resource_id

    def delete(self) -> None:
        """Have nothing to delete."""
