"""Spark on EMR Serverless: the application, and the job that prepares a source too large for more.

What the job does is `spark_preparation` of the runtime; the states that start it, and read how it
ended, are written by `DataPreparation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import (
    AssetHashType,
    BundlingOptions,
    DockerImage,
    IgnoreMode,
    Stack,
    aws_emrserverless as emrserverless,
    aws_iam as iam,
    aws_s3_assets as s3_assets,
)
from constructs import Construct

from bedrock_customization import _code
from bedrock_customization._access import Right, policy_of, signing_key_arn
from bedrock_customization._acknowledged import acknowledge, wildcards
from bedrock_customization._executions import of_this_drive, run_tags
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION, REGION
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.contract import SIGNING_KEY_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2

    from bedrock_customization.dataset import Spark
    from bedrock_customization_runtime.contract import SparkCapacity

_PRINCIPAL = "emr-serverless.amazonaws.com"
_IDLE_MINUTES = 5
# Of the sizes that EMR Serverless has; a worker's memory is Java's and, beside it, Python's.
_VCPUS = 4
_DRIVER_GB, _DRIVER_JAVA_GB = 30, 4
_EXECUTOR_GB, _EXECUTOR_JAVA_GB = 16, 4
_DISK_GB = 100
# The rest of the driver's is for what Python needs besides the index, and for Spark's own rounding.
_INDEX_BYTES = 24 * 2**30
_RULE = "StepFunctionsGetEventsForEMRServerlessJobRule"
"""With which Step Functions hears that a job has ended."""
_NAMED_BY_EMR = "EMR Serverless gives jobs their ids when a run starts them"


class BigDataPreparation(Construct):
    """Define what prepares the largest sources: an EMR Serverless application and its job's role.

    `DataPreparation` defines it where Spark is asked for.

    The application starts with a job and stops five minutes after the last: idle, nothing is paid.
    Its workers bring Spark; the engine, and the libraries that Lambda functions have too, come as
    archives from the assets of the app. What a job leaves on its disks is gone with its workers;
    what it leaves in S3 is encrypted with the keys of the storage.

    Args:
        scope: Parent.
        id: Id below the parent.
        rights: What the job may read and write.
        spark: How much it may take.

    Attributes:
        application: Where jobs run.
        role: Of the job.
        rights: What it may do.
    """

    def __init__(self, scope: Construct, id: str, *, rights: Sequence[Right], spark: Spark) -> None:
        super().__init__(scope, id)
        self._facts = catalog.preparation().spark
        self._spark = spark
        self._signing_key_arn = signing_key_arn(rights)
        runtime = _code.FunctionRuntime.of(self)
        self.application: emrserverless.CfnApplication = self._define_application(runtime)
        self._entry, self._engine, self._libraries = self._define_assets()
        self.rights = [*rights, *self._reading_assets(), *_writing_logs(runtime)]
        self.role: iam.Role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                _PRINCIPAL,
                conditions={
                    "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": self.application.attr_arn},
                },
            ),
            description="Assumed by EMR Serverless to prepare data",
            inline_policies={"Rights": policy_of(self.rights)},
        )
        acknowledge(self, wildcards(Stack.of(self), self.rights))

    @property
    def capacity(self) -> SparkCapacity:
        """How much the workers of a job have at most."""
        workers = self._spark.max_workers
        return {
            "vcpus": _VCPUS * (workers + 1),
            "memory_gb": _DRIVER_GB + _EXECUTOR_GB * workers,
            "paid_storage_gb": (_DISK_GB - self._facts.free_storage_gb) * (workers + 1),
        }

    @property
    def timeout_seconds(self) -> int:
        """How long a job may take."""
        return int(self._spark.timeout.to_seconds())

    def request(self, scratch: str) -> dict[str, Any]:
        """Return the request of a job, as Step Functions spells it.

        Args:
            scratch: Of the preparation, JSONata.
        """
        return {
            "ApplicationId": self.application.attr_application_id,
            # Of the source's version and all settings: what a run asks for again, it gets again.
            "ClientToken": of_this_drive(f"$split({scratch}, '/')[-1]"),
            "ExecutionRoleArn": self.role.role_arn,
            "ExecutionTimeoutMinutes": self.timeout_seconds // 60,
            "Name": "{% $run.key & '-preparation' %}",
            "JobDriver": {
                "SparkSubmit": {
                    "EntryPoint": self._entry.s3_object_url,
                    "EntryPointArguments": [
                        *("--scratch", f"{{% {scratch} %}}"),
                        *("--memory", str(_INDEX_BYTES)),
                    ],
                    "SparkSubmitParameters": " ".join(
                        f"--conf {name}={value}" for name, value in self._settings().items()
                    ),
                }
            },
            "Tags": {tag["Key"]: tag["Value"] for tag in run_tags()},
        }

    def connect(self, subnet_ids: Sequence[str], group: ec2.ISecurityGroup) -> None:
        """Put the workers into a network.

        Args:
            subnet_ids: Where they are.
            group: Of them, which must let them reach each other.
        """
        self.application.network_configuration = (
            emrserverless.CfnApplication.NetworkConfigurationProperty(
                subnet_ids=list(subnet_ids), security_group_ids=[group.security_group_id]
            )
        )

    def rights_to_run(self) -> list[Right]:
        """Return what a state machine is allowed that starts a job and waits for its end."""
        application = self.application.attr_arn
        return [
            Right(actions=["emr-serverless:StartJobRun"], resources=[application]),
            Right(
                actions=[
                    "emr-serverless:CancelJobRun",
                    "emr-serverless:GetJobRun",
                    "emr-serverless:TagResource",
                ],
                resources=[f"{application}/jobruns/*"],
                wildcard_because=_NAMED_BY_EMR,
            ),
            Right(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": _PRINCIPAL}},
            ),
            Right(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                resources=[f"arn:{PARTITION}:events:{REGION}:{ACCOUNT_ID}:rule/{_RULE}"],
            ),
        ]

    def _settings(self) -> dict[str, str]:
        python = f"python{self._facts.python_version}"
        variables = {
            # botocore reads no other name of it.
            "AWS_DEFAULT_REGION": REGION,
            "PYSPARK_PYTHON": python,
            "PYTHONPATH": "./engine:./libraries/python",
        }
        of_driver = {**variables, "PYSPARK_DRIVER_PYTHON": python}
        if self._signing_key_arn:
            of_driver[SIGNING_KEY_VARIABLE] = self._signing_key_arn
        return {
            "spark.archives": f"{self._engine.s3_object_url}#engine,"
            f"{self._libraries.s3_object_url}#libraries",
            "spark.dynamicAllocation.maxExecutors": str(self._spark.max_workers),
            "spark.driver.cores": str(_VCPUS),
            "spark.driver.memory": f"{_DRIVER_JAVA_GB}g",
            "spark.driver.memoryOverhead": f"{_DRIVER_GB - _DRIVER_JAVA_GB}g",
            "spark.emr-serverless.driver.disk": f"{_DISK_GB}g",
            "spark.emr-serverless.executor.disk": f"{_DISK_GB}g",
            "spark.executor.cores": str(_VCPUS),
            "spark.executor.memory": f"{_EXECUTOR_JAVA_GB}g",
            "spark.executor.memoryOverhead": f"{_EXECUTOR_GB - _EXECUTOR_JAVA_GB}g",
            **{f"spark.executorEnv.{name}": value for name, value in variables.items()},
            **{
                f"spark.emr-serverless.driverEnv.{name}": value for name, value in of_driver.items()
            },
        }

    def _define_application(self, runtime: _code.FunctionRuntime) -> emrserverless.CfnApplication:
        capacity = self.capacity
        application = emrserverless.CfnApplication
        return application(
            self,
            "Application",
            type="SPARK",
            release_label=self._facts.release_label,
            architecture=self._facts.architecture,
            auto_start_configuration=application.AutoStartConfigurationProperty(enabled=True),
            auto_stop_configuration=application.AutoStopConfigurationProperty(
                enabled=True, idle_timeout_minutes=_IDLE_MINUTES
            ),
            maximum_capacity=application.MaximumAllowedResourcesProperty(
                cpu=f"{capacity['vcpus']} vCPU",
                memory=f"{capacity['memory_gb']} GB",
                disk=f"{_DISK_GB * (self._spark.max_workers + 1)} GB",
            ),
            monitoring_configuration=application.MonitoringConfigurationProperty(
                cloud_watch_logging_configuration=(
                    application.CloudWatchLoggingConfigurationProperty(
                        enabled=True,
                        log_group_name=runtime.log_group.log_group_name,
                        log_stream_name_prefix="spark",
                    )
                ),
                # A second copy, in an account and for a time that are not ours.
                managed_persistence_monitoring_configuration=(
                    application.ManagedPersistenceMonitoringConfigurationProperty(enabled=False)
                ),
            ),
        )

    def _define_assets(self) -> tuple[s3_assets.Asset, s3_assets.Asset, s3_assets.Asset]:
        """Define the file that a job begins with, the engine, and its libraries."""
        python = self._facts.python_version
        return (
            s3_assets.Asset(self, "Entry", path=str(_code.SPARK_ENTRY)),
            s3_assets.Asset(
                self,
                "Engine",
                path=str(_code.SOURCE_ROOT),
                ignore_mode=IgnoreMode.GIT,
                exclude=_code.ALL_BUT_OWN_CODE,
            ),
            s3_assets.Asset(
                self,
                "Libraries",
                path=str(_code.DEPENDENCIES),
                asset_hash_type=AssetHashType.SOURCE,
                bundling=BundlingOptions(
                    # Never used, as of the functions' layer; the command makes the hash another.
                    image=DockerImage.from_registry("public.ecr.aws/lambda/python:3.13"),
                    command=[python],
                    local=_code.UvBundling(python),
                ),
            ),
        )

    def _reading_assets(self) -> list[Right]:
        assets = (self._entry, self._engine, self._libraries)
        return [
            Right(
                actions=["s3:GetObject"],
                resources=[
                    f"arn:{PARTITION}:s3:::{asset.s3_bucket_name}/{asset.s3_object_key}"
                    for asset in assets
                ],
            )
        ]


def _writing_logs(runtime: _code.FunctionRuntime) -> list[Right]:
    return [
        Right(
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[runtime.log_group_arn],
        ),
        Right(
            actions=["logs:DescribeLogGroups"],
            resources=[f"arn:{PARTITION}:logs:{REGION}:{ACCOUNT_ID}:log-group:*"],
            wildcard_because="EMR Serverless looks for the log group in the list of all",
        ),
    ]
