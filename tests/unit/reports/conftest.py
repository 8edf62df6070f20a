"""A manifest at each stage of a run."""

import math

import pytest
from msgspec.structs import replace

from bedrock_customization_runtime.manifest import (
    AdviceReason,
    AdviceSection,
    ApprovalSection,
    BaselineFigures,
    BaselineSection,
    ConfusionMatrix,
    CostItem,
    CurvePoint,
    CustomizationSection,
    DecisionSection,
    DeploymentSection,
    DiagnosisSection,
    EstimateSection,
    EvaluationSection,
    Example,
    FailureSection,
    FileRecord,
    Finding,
    JudgePreference,
    JudgeScore,
    JudgeSection,
    Manifest,
    MetricComparison,
    ModelFigures,
    PreflightCheck,
    PreparationSection,
    RefusalSection,
    RuleVerdict,
    RunSection,
    SweepCandidate,
    SweepSection,
    UseCaseSection,
)


def file_record(name, records):
    return FileRecord(
        uri=f"s3://tuning-data/runs/orders-7/{name}",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        bytes=records * 412,
        records=records,
    )


@pytest.fixture
def running():
    return Manifest(
        run=RunSection(
            id="orders-7",
            execution_arn="arn:aws:states:us-east-1:123456789012:execution:Tuning:orders-7",
            source="s3://tuning-data/incoming/orders.jsonl",
            base_model="amazon.nova-micro-v1:0:128k",
            inference_model="amazon.nova-micro-v1:0",
            catalog_version="2026-11-01",
            library_version="0.1.0",
            started="2026-11-23T09:00:00Z",
            embedded=False,
        )
    )


@pytest.fixture
def prepared(running):
    return replace(
        running,
        preparation=PreparationSection(
            source=file_record("incoming/orders.jsonl", 5_213),
            train=file_record("prepared/train.jsonl", 4_020),
            validation=file_record("prepared/validation.jsonl", 503),
            test=file_record("test.jsonl", 500),
            rejected=file_record("preparation/rejected.jsonl", 12),
            read=5_213,
            duplicates=178,
            estimated_tokens=612_400,
            record_format="bedrock-conversation-2024",
            findings=[
                Finding(
                    rule="answer.empty",
                    severity="error",
                    count=12,
                    message="the answer is empty: write one, or leave the record out",
                    lines=[17, 230, 1_044],
                ),
                Finding(
                    rule="text.repeated",
                    severity="warning",
                    count=31,
                    message="the answer repeats a phrase many times: check how it was made",
                ),
            ],
            label_counts={"refund": 1_702, "delivery": 1_311, "invoice": 633, "other": 374},
        ),
    )


@pytest.fixture
def needless(prepared):
    """A run whose base model needs no tuning."""

    def figures(value, lower, upper, wrong):
        return BaselineFigures(
            value=value,
            interval=(lower, upper),
            format_failures=wrong,
            errors={"ModelErrorException": 2},
            input_tokens=1,
            output_tokens=1,
            median_latency_ms=300,
        )

    cause = "the base model reaches 93.0 % accuracy with 4 examples, at least 90.4 %"
    return replace(
        prepared,
        status="failed",
        use_case=UseCaseSection(
            task="Sort what customers write.",
            metric="accuracy",
            owner="Support <desk>",
            target=0.9,
            margin=0.02,
            max_cost_usd=40,
            knowledge_changes="yearly",
        ),
        baseline=BaselineSection(
            metric="accuracy",
            target=0.9,
            min_improvement=0.02,
            records=500,
            questions=file_record("baseline/questions.jsonl", 500),
            examples=4,
            zero_shot=figures(0.61, 0.566, 0.653, 0.2),
            few_shot=figures(0.93, 0.904, 0.951, 0.01),
            gain=(0.28, 0.36),
            interval_method="95 % Clopper-Pearson interval, which is exact",
            blind_records=500,
            minimum_detectable_effect=0.0626,
            advice=AdviceSection(
                verdict="do not tune",
                reasons=[
                    AdviceReason(rule="target-met", message=cause),
                    AdviceReason(rule="examples-help", message="4 examples change accuracy"),
                ],
            ),
        ),
        failure=FailureSection(error="TuningNotNeeded", cause=cause),
        ended="2026-11-23T09:04:00Z",
    )


@pytest.fixture
def estimated(prepared):
    def item(name, quantity, price, **more):
        usd = None if price is None or quantity is None else quantity / 1000 * price
        return CostItem(
            name=name,
            quantity=quantity,
            unit="tokens",
            price_usd=price,
            price_per=1000,
            price_source=None if price is None else "a price list",
            price_as_of=None if price is None else "2026-04-16",
            usd=usd,
            **more,
        )

    storage = CostItem(name="storage", quantity=1, unit="models", price_usd=1.95, usd=1.95)
    return replace(
        prepared,
        preflight=[
            PreflightCheck(name="service role", passed=False, detail="it may not be read"),
        ],
        estimate=EstimateSection(
            tokens=612_400,
            epochs=2,
            items=[
                item("training", 1_224_800, 0.008, price_unverified=True, assumption="2 epochs"),
                item("base model input", 40_000, 0.000035),
                item("base model output", 10_000, None),
            ],
            monthly=[storage],
            usd=None,
            known_usd=9.7998,
        ),
    )


@pytest.fixture
def customized(estimated):
    return replace(
        estimated,
        customization=CustomizationSection(
            job_name="orders-7-1f2e3d4c5b6a",
            job_arn="arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-micro-v1:0:128k/abcdefghijkl",
            model_arn="arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/mnopqrstuvwx",
            customization_type="FINE_TUNING",
            hyperparameters={"epochCount": "3", "learningRate": "0.00001", "batchSize": "1"},
            started="2026-11-23T09:04:10Z",
            ended="2026-11-23T10:41:52Z",
            training_curve=[
                CurvePoint(
                    step=step,
                    epoch=(step - 1) // 250 + 1,
                    loss=2.1 * math.exp(-step / 180) + 0.22 + 0.04 * math.sin(step / 5),
                )
                for step in range(1, 751, 5)
            ],
            validation_curve=[
                CurvePoint(step=step, epoch=step // 250, loss=2.1 * math.exp(-step / 190) + 0.31)
                for step in (250, 500, 750)
            ],
        ),
    )


@pytest.fixture
def swept(customized):
    def candidate(number, **given):
        return SweepCandidate(
            number=number,
            round=1,
            hyperparameters={"learningRate": f"0.{number}", "epochCount": "2"},
            attempts=1,
            estimate_usd=1.22,
            **given,
        )

    def curve(*losses):
        return [CurvePoint(step=step, epoch=0, loss=loss) for step, loss in enumerate(losses)]

    return replace(
        customized,
        sweep=SweepSection(
            ended="all were tried",
            candidates=[
                candidate(
                    1,
                    status="completed",
                    job_name="orders-7-1f2e3d4c5b6a",
                    model_arn=customized.customization.model_arn,
                    training_loss=0.22,
                    validation_loss=0.31,
                    validation_curve=curve(1.2, 0.6, 0.31),
                    diagnosis=DiagnosisSection(
                        verdict="fine",
                        rule="settled",
                        message="training loss fell from 2.1 to 0.22 and settled",
                        advice="nothing, or values close to these",
                    ),
                    chosen=True,
                    reason="has the lowest validation loss",
                ),
                candidate(
                    2,
                    status="completed",
                    model_arn="arn:aws:bedrock:us-east-1:123456789012:custom-model/loser/abc",
                    validation_loss=51.7,
                    validation_curve=curve(22.2, 34.5, 51.7),
                    diagnosis=DiagnosisSection(
                        verdict="diverged",
                        rule="loss-exploded",
                        message="training loss rose to 51 on the way, it began at 2.1",
                        advice="lower the learning rate",
                    ),
                    reason="diverged",
                    model_deleted=True,
                ),
                candidate(3, status="stalled", failure="no progress", reason="stalled: none"),
                candidate(
                    4,
                    status="not afforded",
                    failure="it would exceed max_cost_usd",
                    reason="was not trained: it would exceed max_cost_usd",
                ),
            ],
        ),
    )


@pytest.fixture
def evaluated(customized):
    return replace(
        customized,
        deployment=DeploymentSection(
            arn="arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
        ),
        evaluation=EvaluationSection(
            primary="accuracy",
            metrics=[
                MetricComparison(
                    name="accuracy",
                    records=500,
                    baseline=0.612,
                    tuned=0.864,
                    difference=0.252,
                    interval=(0.208, 0.294),
                    p_value=3e-24,
                    method="McNemar's exact test, two-sided, on 11 losses and 137 wins; 95 % "
                    "percentile interval of 2,000 paired bootstrap draws (PCG64, seed 1)",
                ),
                MetricComparison(
                    name="token_f1",
                    records=500,
                    baseline=0.702,
                    tuned=0.911,
                    difference=0.209,
                    interval=(0.171, 0.248),
                    p_value=0.0001,
                    method="paired sign-flip permutation test",
                ),
            ],
            answers=[file_record("answers/base/", 500), file_record("answers/tuned/", 500)],
            examples=[
                Example(record="0f3a9c21be", base_correct=True, tuned_correct=False),
                Example(record="77b1c0de42", base_correct=False, tuned_correct=True),
            ],
        ),
    )


@pytest.fixture
def promoted(evaluated):
    return replace(
        evaluated,
        status="promoted",
        ended="2026-11-23T11:02:00Z",
        decision=DecisionSection(
            promote=True,
            verdicts=[
                RuleVerdict(
                    rule="min_improvement",
                    passed=True,
                    reason="accuracy improves by +20.8 to +29.4 points",
                )
            ],
            min_improvement=0.05,
            decided="2026-11-23T11:01:30Z",
        ),
    )


@pytest.fixture
def compared(promoted):
    """Five models, slices and a confusion matrix."""

    def figures(name, value, **given):
        return ModelFigures(
            name=name,
            model_id=f"arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/{name}",
            metrics={"accuracy": value, "token_f1": value + 0.05},
            input_tokens=41_200,
            output_tokens=3_900,
            median_latency_ms=312.5,
            slowest_latency_ms=2_940,
            **given,
        )

    first = promoted.evaluation.metrics[0]

    def against(name, baseline, low, high, **given):
        return replace(
            first,
            against=name,
            baseline=baseline,
            difference=round(first.tuned - baseline, 4),
            interval=(low, high),
            effect_size=0.31,
            **given,
        )

    def part(value, records, baseline, tuned, low, high):
        return replace(
            first,
            slice=f"category={value}",
            records=records,
            baseline=baseline,
            tuned=tuned,
            difference=round(tuned - baseline, 4),
            interval=(low, high),
            p_value=0.03,
            adjusted_p_value=0.09,
        )

    labels = ["refund", "delivery", "invoice", "other"]
    return replace(
        promoted,
        evaluation=replace(
            promoted.evaluation,
            models=[
                figures("base", 0.612, usd_per_1k=0.0031, refusals=4, format_failures=61),
                figures("tuned", 0.864, usd_per_1k=0.0033, format_failures=2),
                figures("few_shot", 0.733, usd_per_1k=0.0214, errors={"ThrottlingException": 3}),
                figures("teacher", 0.871),
                figures("live", 0.84, usd_per_1k=0.0033),
            ],
            metrics=[
                against("base", 0.612, 0.208, 0.294, adjusted_p_value=9e-24),
                promoted.evaluation.metrics[1],
                against("few_shot", 0.733, 0.09, 0.172, adjusted_p_value=0.0002),
                against("teacher", 0.871, -0.03, 0.018, adjusted_p_value=0.61),
                against("live", 0.84, -0.002, 0.052, adjusted_p_value=0.14),
            ],
            slices=[
                part("refund", 201, 0.71, 0.93, 0.15, 0.29),
                part("delivery", 152, 0.58, 0.83, 0.16, 0.34),
                part("invoice", 98, 0.55, 0.5, -0.16, 0.06),
                part("other", 49, 0.6, 0.4, -0.36, -0.04),
            ],
            confusion=[
                ConfusionMatrix(
                    model="base",
                    labels=labels,
                    counts=[
                        [143, 31, 12, 9, 6],
                        [22, 88, 19, 11, 12],
                        [9, 14, 54, 16, 5],
                        [3, 5, 12, 29, 0],
                    ],
                ),
                ConfusionMatrix(
                    model="tuned",
                    labels=labels,
                    counts=[
                        [187, 8, 4, 2, 0],
                        [9, 126, 11, 6, 0],
                        [8, 12, 49, 29, 0],
                        [4, 9, 16, 20, 0],
                    ],
                ),
            ],
            minimum_detectable_effect=0.037,
            contaminated=3,
            left_out={"live": "it was deleted before this run asked it"},
        ),
    )


@pytest.fixture
def rejected(evaluated):
    metric = replace(
        evaluated.evaluation.metrics[0],
        baseline=0.84,
        tuned=0.864,
        difference=0.024,
        interval=(-0.006, 0.054),
        p_value=0.1325,
    )
    return replace(
        evaluated,
        status="rejected",
        ended="2026-11-23T11:02:00Z",
        evaluation=replace(evaluated.evaluation, metrics=[metric]),
        decision=DecisionSection(
            promote=False,
            verdicts=[
                RuleVerdict(
                    rule="min_improvement",
                    passed=False,
                    reason="accuracy does not surely improve enough: by -0.6 points",
                )
            ],
            min_improvement=0.05,
            decided="2026-11-23T11:01:30Z",
        ),
    )


@pytest.fixture
def failed(prepared):
    return replace(
        prepared,
        status="failed",
        ended="2026-11-23T09:30:00Z",
        failure=FailureSection(
            error="CustomizationFailed",
            cause='{"errorMessage": "the job ended as Failed: lower learningRate", '
            '"errorType": "CustomizationFailed", "stackTrace": ["a file"]}',
        ),
    )


@pytest.fixture
def too_dear(estimated):
    return replace(
        estimated,
        status="failed",
        outcome="BudgetExceeded",
        ended="2026-11-23T09:05:00Z",
        failure=FailureSection(
            error="BudgetExceeded",
            cause="the run is estimated at $9.80 and more, above max_cost_usd of 5: raise it",
        ),
    )


@pytest.fixture
def turned_down(compared):
    """A candidate that passed the gate, and a person rejected."""
    return replace(
        compared,
        status="rejected",
        outcome="ApprovalRejected",
        approval=ApprovalSection(
            outcome="rejected",
            reason="It answers refunds in the wrong tone.",
            approver="arn:aws:sts::123456789012:assumed-role/Reviewer/ada",
            requested="2026-11-23T11:01:31Z",
            decided="2026-11-23T15:20:00Z",
        ),
        deployment=replace(compared.deployment, removed=True),
    )


@pytest.fixture
def expired(turned_down):
    return replace(
        turned_down,
        outcome="ApprovalExpired",
        approval=replace(turned_down.approval, outcome="expired", approver=None, reason=""),
    )


@pytest.fixture
def judged(compared, needless):
    """All that a run can say: use case, baseline and judge too."""

    def score(name, base, tuned, low, high, **given):
        return JudgeScore(
            name=name,
            records=240,
            base=base,
            tuned=tuned,
            difference=round(tuned - base, 4),
            interval=(low, high),
            p_value=0.004,
            method="paired sign-flip permutation test, two-sided (PCG64, seed 1)",
            **given,
        )

    judge = JudgeSection(
        model="us.amazon.nova-pro-v1:0",
        records=250,
        left_out={"the prompt is too long": 3},
        injections={"tuned": 1, "base": 2},
        scores=[
            score("Builtin.Correctness", 0.61, 0.74, 0.09, 0.17, invalid={"no score": 6}),
            score("Builtin.Harmfulness", 0.02, 0.01, -0.02, 0.01, lower_is_better=True),
        ],
        preference=JudgePreference(
            records=236,
            wins=121,
            losses=62,
            ties=53,
            disagreements=31,
            first_chosen=0.54,
            win_rate=0.625,
            interval=(0.571, 0.678),
            p_value=0.00002,
            invalid={"no verdict": 4},
            method="95 % percentile interval of 2,000 bootstrap draws (PCG64, seed 1)",
        ),
        jobs=["arn:aws:bedrock:us-east-1:123456789012:evaluation-job/abcdefghijkl"],
    )
    return replace(
        compared,
        use_case=needless.use_case,
        baseline=needless.baseline,
        evaluation=replace(compared.evaluation, judge=judge),
    )


@pytest.fixture
def rolled_back(compared):
    return replace(
        compared,
        outcome="Promoted",
        deployment=replace(
            compared.deployment,
            alias_parameter="/tuning/model",
            previous="arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/before",
            rolled_back="2026-11-24T08:00:00Z",
        ),
    )


@pytest.fixture
def refused(running):
    return replace(
        running,
        status="failed",
        refusal=RefusalSection(
            read=40,
            rejected=7,
            record_format="converse",
            findings=[
                Finding(
                    rule="json-cut",
                    severity="error",
                    count=7,
                    message="JSON that ends in the middle: the rest is missing; upload it whole",
                    lines=[3, 9],
                )
            ],
            report="s3://tuning-artifacts/runs/orders-7/preparation/report.json",
            rejected_records="s3://tuning-data/runs/orders-7/preparation/rejected.jsonl",
        ),
        failure=FailureSection(error="DatasetRejected", cause="7 of 40 records break a rule"),
        ended="2026-11-23T09:01:00Z",
    )
