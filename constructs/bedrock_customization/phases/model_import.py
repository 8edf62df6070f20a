"""From a model that was trained elsewhere to one that Bedrock answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    opening_model_key,
    using_model_key,
)
from bedrock_customization._asl import States
from bedrock_customization._checks import check_between
from bedrock_customization._executions import of_this_drive, run_tags
from bedrock_customization._function import HandlerFunction
from bedrock_customization._maps import invoke_each
from bedrock_customization._phase import Phase
from bedrock_customization._retries import BUSY_MODEL_ERRORS, FULL_QUOTA, Retry
from bedrock_customization.model_source import ModelStaging
from bedrock_customization.service_role import JobKind, ServiceRole
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import ErrorName, Handler, ImportStep

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam, aws_kms as kms
    from constructs import Construct

    from bedrock_customization.model_source import ModelSource
    from bedrock_customization.storage import CustomizationStorage

_JOBS, _MODELS = bedrock_arn("model-import-job"), bedrock_arn("imported-model")
_NAME = of_this_drive("$run.names.deployment")
_FIRST_WAIT, _LONGEST_WAIT = 60, 600
_LONGEST_IMPORT_SECONDS = 24 * 3600
_SCRATCH = "{% $staging.scratch %}"
_ELSEWHERE = Retry(errors=[ErrorName.MODEL_SOURCE_UNAVAILABLE], interval_seconds=60)
# One import at a time, in the whole account: others may be large.
_QUEUE = Retry(errors=FULL_QUOTA.errors, interval_seconds=300, max_attempts=24)
_FILES_AT_A_TIME = 8


class ModelImport(Phase):
    """Inspect a model, copy it, import it, and wait until it answers.

    Nothing is copied before every rule of Custom Model Import was looked at, and whether there is
    room for the model; nothing is imported before the digest of every file was right. Whatever
    is there already is adopted, so a redriven run goes on where it was (docs/model-import.md).

    Input: `$run`; the manifest's preparation, for the estimate, if there is one.
    Output: `$deployment` (`contract.ImportedModel`): an imported model is invoked as it is;
    `$staging` besides.
    Errors: `InvalidInput`, `ModelSourceRefused`, `ModelSourceUnavailable`, `SourceChanged`,
    `ModelRejected`, `QuotaExhausted`, `BudgetExceeded`, `ModelCorrupted`, `ImportFailed`,
    `SmokeTestFailed`, and what Bedrock says of the request.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where the model is copied to.
        source: Where it comes from.
        staging: How it is copied. Without it, in parts of 16 MiB by 20 functions at a time.
        evaluation_max_tokens: Limit of an answer in an evaluation that follows, for the
            estimate. Without it, no evaluation is estimated.
        evaluation_few_shot: Examples before each question there.
        max_cost_usd: Estimated cost of the whole run, in US dollars, above which nothing is copied.
            Without one, the estimate is only reported.
        allow_unknown_price: Whether it may be even though the documented price of something in the
            run is not known.
        role: A service role of your own for the job (see `ServiceRole`).
            Without one, a role is defined.
        model_key: Encrypts the imported model; who invokes it needs it too.
            Without one, a key that AWS owns does.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: `max_cost_usd` is out of range.
    """

    title: ClassVar[str] = "ModelImport"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        source: ModelSource,
        staging: ModelStaging | None = None,
        evaluation_max_tokens: int | None = None,
        evaluation_few_shot: int = 0,
        max_cost_usd: float | None = None,
        allow_unknown_price: bool = False,
        role: iam.IRole | None = None,
        model_key: kms.IKey | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        if max_cost_usd is not None:
            check_between("max_cost_usd", max_cost_usd, 0, 1e9, "it is an amount of US dollars")
        super().__init__(scope, id)
        staging = staging or ModelStaging()
        self.service_role = ServiceRole(
            self,
            "ServiceRole",
            kind=JobKind.IMPORT,
            storage=storage,
            role=role,
            rights=using_model_key(model_key),
        )
        self.function = self._define_function(storage, source)
        self.smoke_test_function = HandlerFunction(
            self,
            "SmokeTest",
            handler=Handler.SMOKE_TEST,
            description="Asks an imported model a few harmless questions until it is loaded",
            rights=[
                Right(
                    actions=["bedrock:InvokeModel"],
                    resources=[_MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                *opening_model_key(model_key),
            ],
            timeout_minutes=10,
        )
        states = States(self, self.title, on_failure=on_failure)
        costs = {
            "evaluation_max_tokens": evaluation_max_tokens,
            "evaluation_few_shot": evaluation_few_shot,
            "max_cost_usd": max_cost_usd,
            "allow_unknown_price": allow_unknown_price,
        }
        inspect = states.invoke(
            "Inspect model",
            self.function,
            {
                "step": ImportStep.INSPECT,
                "run": "{% $run %}",
                "job_name": _NAME,
                "source": source.to_contract(),
                "staging": staging.to_contract(),
                **costs,
            },
            comment="Pin the source, hold the model against every rule, look for room and budget",
            assign="staging",
            retries=[_ELSEWHERE],
        )
        stage = invoke_each(
            states,
            "Stage parts",
            self.function,
            {"step": ImportStep.STAGE, "scratch": _SCRATCH},
            count="$staging.batches",
            concurrency=staging.max_concurrency,
            one="Stage some parts",
            comment="Copy parts of files into uploads; what is there is adopted",
            retries=[_ELSEWHERE],
            until="done",
        )
        finish = invoke_each(
            states,
            "Finish files",
            self.function,
            {"step": ImportStep.FINISH_FILE, "scratch": _SCRATCH},
            count="$staging.files",
            concurrency=_FILES_AT_A_TIME,
            one="Finish file",
            comment="Complete each upload, and read it once more: is the digest right?",
        )
        record = states.invoke(
            "Record import",
            self.function,
            {
                "step": ImportStep.RECORD,
                "run": "{% $run %}",
                "scratch": _SCRATCH,
                "job_arn": "{% $import_job.arn %}",
                **costs,
            },
            comment="Write what Bedrock made of it into the manifest, delete the copied files",
            assign="deployment",
            retries=[Retry(errors=[ErrorName.MANIFEST_CONFLICT], interval_seconds=5)],
        )
        warm_up = states.invoke(
            "Warm up",
            self.smoke_test_function,
            {"deployment": "{% $deployment %}"},
            comment="The first copy takes minutes to load",
            retries=[Retry(errors=BUSY_MODEL_ERRORS, interval_seconds=60)],
        )
        import_ = self._write_job(states, model_key, then=record)
        sfn.Chain.start(inspect).next(stage).next(finish).next(import_)
        record.next(warm_up)
        self.rights = states.rights
        self._start = inspect
        self._ends = [warm_up]

    def _define_function(
        self, storage: CustomizationStorage, source: ModelSource
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Stage",
            handler=Handler.IMPORT_MODEL,
            description="Inspects, copies and records a model that is imported",
            rights=[
                *source.rights(),
                *storage.staging(),
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                Right(
                    actions=["bedrock:ListImportedModels", "bedrock:ListModelImportJobs"],
                    resources=["*"],
                    wildcard_because="lists have no resource-level permissions",
                ),
                Right(
                    actions=["bedrock:GetModelImportJob"],
                    resources=[_JOBS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                Right(
                    actions=["bedrock:GetImportedModel"],
                    resources=[_MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                Right(
                    actions=["servicequotas:GetServiceQuota"],
                    resources=["*"],
                    wildcard_because="the quota is the account's own, and named by AWS",
                ),
            ],
            # A whole processor, for digests and TLS; a call itself holds far less.
            memory_mebibytes=1769,
            timeout_minutes=15,
        )

    def _write_job(
        self, states: States, model_key: kms.IKey | None, *, then: sfn.CustomState
    ) -> sfn.CustomState:
        """Write the job and the wait for it; return its first state."""
        start = states.call_bedrock(
            "Start import",
            "aws-sdk:bedrock:createModelImportJob",
            {
                "JobName": _NAME,
                "ImportedModelName": _NAME,
                # Neither botocore nor Step Functions makes one.
                "ClientRequestToken": of_this_drive("$run.tokens.deployment"),
                "RoleArn": self.service_role.role.role_arn,
                "ModelDataSource": {"S3DataSource": {"S3Uri": "{% $staging.model %}"}},
                "JobTags": run_tags(),
                "ImportedModelTags": run_tags(),
                **({"ImportedModelKmsKeyId": model_key.key_arn} if model_key else {}),
            },
            comment="Ask for the import; an account imports one model at a time",
            rights=self._rights_to_start(model_key),
            assign={
                "import_job": {"arn": "{% $states.result.JobArn %}"},
                "import_wait": _FIRST_WAIT,
                "import_started": "{% $states.context.State.EnteredTime %}",
            },
            retries=[_QUEUE],
        )
        wait = states.wait(
            "Wait for the import",
            "{% $import_wait %}",
            comment="Bedrock sends no event when an import ends",
            assign={"import_wait": f"{{% $min([$import_wait * 2, {_LONGEST_WAIT}]) %}}"},
        )
        check = states.call_bedrock(
            "Check import",
            "aws-sdk:bedrock:getModelImportJob",
            {"JobIdentifier": "{% $import_job.arn %}"},
            comment="How far is it?",
            rights=[
                Right(
                    actions=["bedrock:GetModelImportJob"],
                    resources=[_JOBS],
                    wildcard_because=NAMED_BY_BEDROCK,
                )
            ],
            assign={
                "import_status": "{% $states.result.Status %}",
                "import_failure": "{% $exists($states.result.FailureMessage) "
                "? $states.result.FailureMessage : '' %}",
            },
        )
        is_imported = states.choice("Is it imported?", comment="Completed, failed or not yet")
        start.next(wait).next(check).next(is_imported)
        is_imported.when(
            sfn.Condition.jsonata("{% $import_status = 'Failed' %}"),
            states.failed("Import failed", ErrorName.IMPORT_FAILED, "{% $import_failure %}"),
        )
        is_imported.when(
            sfn.Condition.jsonata(
                "{% $import_status != 'Completed' and "
                "$toMillis($states.context.State.EnteredTime) - $toMillis($import_started) > "
                f"{_LONGEST_IMPORT_SECONDS * 1000} %}}"
            ),
            states.failed(
                "Import takes too long",
                ErrorName.IMPORT_FAILED,
                "{% 'the import is still ' & $import_status & ' after a day' %}",
            ),
        )

        is_imported.when(sfn.Condition.jsonata("{% $import_status = 'Completed' %}"), then)
        is_imported.otherwise(wait)
        return start

    def _rights_to_start(self, model_key: kms.IKey | None) -> list[Right]:
        return [
            Right(
                actions=["bedrock:CreateModelImportJob"],
                resources=["*"],
                wildcard_because="import jobs have no resource-level permissions",
            ),
            Right(
                actions=["bedrock:TagResource"],
                resources=[_JOBS, _MODELS],
                wildcard_because=NAMED_BY_BEDROCK,
            ),
            Right(
                actions=["iam:PassRole"],
                resources=[self.service_role.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
            ),
            *using_model_key(model_key),
        ]
