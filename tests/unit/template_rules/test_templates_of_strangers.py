"""What other people write, odd and right: no rule has anything to say about it."""

# ruff: noqa: E501 - tables read by row

import json

import pytest

from bedrock_customization_runtime.template_rules import TABLE, Environment, check_template

KEEP = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), "true"
)
ABORT = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}, "Status": "Enabled"}
ACCOUNT = {"Ref": "AWS::AccountId"}


def role(trust, *statements, **more):
    properties = {"AssumeRolePolicyDocument": {"Statement": trust}, **more}
    if statements:
        properties["Policies"] = [
            {"PolicyName": "P", "PolicyDocument": {"Statement": list(statements)}}
        ]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def trusted(service, **condition):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return {**statement, **({"Condition": condition} if condition else {})}


def of_jobs(kind):
    return trusted(
        "bedrock.amazonaws.com",
        StringEquals={"aws:sourceaccount": ACCOUNT},
        ArnLike={"AWS:SourceArn": {"Fn::Sub": f"arn:${{AWS::Partition}}:bedrock:*:*:{kind}/*"}},
    )


def allow(actions, resources, **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def bucket(**changes):
    properties = {
        "PublicAccessBlockConfiguration": BLOCK,
        "VersioningConfiguration": {"Status": "Enabled"},
        "LifecycleConfiguration": {"Rules": [ABORT]},
        **changes,
    }
    return {"Type": "AWS::S3::Bucket", "Properties": properties, **KEEP}


def policy_of(name, *more):
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:*"],
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": name}, "PolicyDocument": {"Statement": [deny, *more]}},
    }


def machine(states, **more):
    definition = {"StartAt": next(iter(states)), "States": states}
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "DefinitionString": json.dumps(definition),
            "LoggingConfiguration": {"Level": "ERROR", "Destinations": [{"x": 1}]},
            "TracingConfiguration": {"Enabled": True},
            **more,
        },
    }


def task(action, **more):
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{action}",
        "TimeoutSeconds": 60,
        "Retry": [{"ErrorEquals": ["X"]}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
        "End": True,
        **more,
    }


FAILED = {"Type": "Fail"}
ENDED = {
    "Type": "AWS::Events::Rule",
    "Properties": {
        "EventPattern": {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"status": [{"anything-but": ["SUCCEEDED", "RUNNING"]}]},
        },
        "Targets": [
            {"Id": "0", "Arn": "arn:aws:logs:x:y:log-group:z", "DeadLetterConfig": {"Arn": "q"}}
        ],
    },
}


def watched(states, **more):
    return {"Machine": machine(states, **more), "Ended": ENDED}


def on_event(pattern, **target):
    properties = {
        "EventPattern": pattern,
        "Targets": [{"Id": "0", "Arn": "x", "DeadLetterConfig": {"Arn": "q"}, **target}],
    }
    return {"Type": "AWS::Events::Rule", "Properties": properties}


POLL = {
    "Start": task(
        "aws-sdk:bedrock:createEvaluationJob",
        Parameters={"ClientRequestToken.$": "$$.Execution.Name"},
        Next="Wait",
    ),
    "Wait": {"Type": "Wait", "Seconds": 900, "Next": "Look"},
    "Look": task("aws-sdk:bedrock:getEvaluationJob", Next="Done"),
    "Done": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.s", "StringEquals": "C", "Next": "Failed"}],
        "Default": "Wait",
    },
    "Failed": FAILED,
}
COUNTED = {
    **POLL,
    "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Look"},
    "Done": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 9, "Next": "Failed"}],
        "Default": "Wait",
    },
}
ROOT_KEY = {
    "Type": "AWS::KMS::Key",
    "Properties": {
        "EnableKeyRotation": True,
        "KeyPolicy": {
            "Statement": {
                "Effect": "Allow",
                "Principal": {
                    "AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
                },
                "Action": "kms:*",
                "Resource": "*",
            }
        },
    },
    **KEEP,
}
SIGNING_KEY = {
    "Type": "AWS::KMS::Key",
    "Properties": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    **KEEP,
}

STRANGE = {
    "an imported bucket with a policy": {
        "Policy": policy_of("Param", allow("s3:GetObject", "*", Principal={"AWS": "123456789012"})),
    },
    "a bucket with texts for booleans": {"Data": bucket(), "Policy": policy_of("Data")},
    "an access log bucket without versions": {
        "Logs": bucket(VersioningConfiguration={"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]}),
        "LogsPolicy": policy_of("Logs"),
        "Data": bucket(LoggingConfiguration={"DestinationBucketName": {"Ref": "Logs"}}),
        "DataPolicy": policy_of("Data"),
    },
    "a bucket that is named test-data without a training role": {
        "TestData": bucket(),
        "Policy": policy_of("TestData"),
    },
    "a trust whose keys are in another case, over all Regions": {
        "Role": role(of_jobs("evaluation-job"))
    },
    "a trust as a list of values": {
        "Role": role(
            [
                trusted(
                    ["bedrock.amazonaws.com"],
                    StringLike={"aws:SourceAccount": [ACCOUNT]},
                    **{"ForAnyValue:ArnLike": {"aws:SourceArn": ["arn:aws:bedrock:*:*:agent/*"]}},
                )
            ]
        )
    },
    "a role of an agent": {"Role": role(of_jobs("agent"))},
    "a role of a knowledge base": {"Role": role(of_jobs("knowledge-base"))},
    "the role of invocation logging, of no kind": {
        "Role": role(
            trusted(
                "bedrock.amazonaws.com",
                StringEquals={"aws:SourceAccount": ACCOUNT},
                ArnLike={
                    "aws:SourceArn": {
                        "Fn::Sub": "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:*"
                    }
                },
            ),
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:a:b:log-group:c:*"),
        )
    },
    "a trust within an organization": {
        "Role": role(
            trusted(
                "bedrock.amazonaws.com",
                StringEquals={"aws:SourceOrgID": "o-1"},
                ArnLike={"aws:SourceArn": "arn:aws:bedrock:*:*:model-customization-job/*"},
            )
        )
    },
    "a role of a function, which sends no source": {"Role": role(trusted("lambda.amazonaws.com"))},
    "a role of GitHub": {
        "Role": role(
            {
                "Effect": "Allow",
                "Principal": {"Federated": "token.actions.githubusercontent.com"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringLike": {"token.actions.githubusercontent.com:sub": "repo:a/b:*"}
                },
            }
        )
    },
    "grants as the CDK writes them": {
        "Role": role(
            trusted("lambda.amazonaws.com"),
            allow(
                [
                    "s3:GetObject*",
                    "s3:GetBucket*",
                    "s3:List*",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                    "s3:Abort*",
                ],
                [{"Fn::GetAtt": ["Other", "Arn"]}],
            ),
        )
    },
    "actions that have no resource": {
        "Role": role(
            trusted("lambda.amazonaws.com"),
            allow(
                [
                    "bedrock:ListCustomModels",
                    "bedrock:CreateModelImportJob",
                    "states:SendTaskSuccess",
                    "xray:PutTraceSegments",
                    "logs:CreateLogDelivery",
                    "cloudwatch:PutMetricData",
                    "ec2:DescribeSubnets",
                ],
                "*",
            ),
        )
    },
    "a key through a service alone": {
        "Role": role(
            trusted("lambda.amazonaws.com"),
            allow(
                "kms:Decrypt",
                "*",
                Condition={"StringLike": {"kms:ViaService": "bedrock.*.amazonaws.com"}},
            ),
        )
    },
    "pass role like a service": {
        "Role": role(
            trusted("lambda.amazonaws.com"),
            allow(
                ["iam:PassRole"],
                {"Ref": "RoleArn"},
                Condition={"StringLike": {"iam:passedtoservice": ["bedrock.*"]}},
            ),
        )
    },
    "a permissions boundary that allows much": {
        "Boundary": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "PolicyDocument": {
                    "Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]
                }
            },
        },
        "Role": role(trusted("lambda.amazonaws.com"), PermissionsBoundary={"Ref": "Boundary"}),
    },
    "NotAction in a Deny": {
        "Role": role(
            trusted("lambda.amazonaws.com"),
            {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
        )
    },
    "a key for its account, one statement and no list": {"Key": ROOT_KEY},
    "a key for signatures": {"Key": SIGNING_KEY},
    "a key for logs with a context": {
        "Key": {
            **ROOT_KEY,
            "Properties": {
                "EnableKeyRotation": True,
                "KeyPolicy": {
                    "Statement": [
                        allow(
                            ["kms:Encrypt*", "kms:Decrypt*"],
                            "*",
                            Principal={"Service": {"Fn::Sub": "logs.${AWS::Region}.amazonaws.com"}},
                            Condition={
                                "ArnLike": {
                                    "kms:EncryptionContext:aws:logs:arn": {
                                        "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"
                                    }
                                }
                            },
                        )
                    ]
                },
            },
        }
    },
    "a topic whose default policy lets alarms in": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "KeyParam"}}},
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {"AlarmActions": [{"Ref": "Topic"}]},
        },
    },
    "an alarm within a composite one": {
        "Part": {"Type": "AWS::CloudWatch::Alarm", "Properties": {}},
        "Whole": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmRule": {"Fn::Sub": "ALARM(${Part})"},
                "AlarmActions": ["arn:aws:sns:x:y:z"],
            },
        },
    },
    "a machine in JSONPath that polls each quarter": watched(POLL),
    "a machine that counts its rounds": watched(COUNTED),
    "a machine as an object with substitutions": {
        "Ended": ENDED,
        "Machine": machine(
            {"A": FAILED},
            DefinitionString={"Ref": "AWS::NoValue"},
            Definition={
                "StartAt": "A",
                "States": {
                    "A": task("lambda:invoke", Parameters={"FunctionName": "${Code}"}),
                    "Failed": FAILED,
                },
            },
            DefinitionSubstitutions={"Code": {"Ref": "Version"}, "Limit": 30},
        ),
    },
    "a machine whose definition lies in S3": watched(
        {"A": FAILED}, DefinitionS3Location={"Bucket": "b", "Key": "k"}
    ),
    "a machine with a number that is substituted": {
        "Ended": ENDED,
        "Machine": machine(
            {"A": FAILED},
            DefinitionString={
                "Fn::Sub": '{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":${Pause},"End":true}}}'
            },
        ),
    },
    "a task whose Map catches": watched(
        {
            "Each": {
                "Type": "Map",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
                "ItemProcessor": {
                    "StartAt": "B",
                    "States": {
                        "B": {k: v for k, v in task("sqs:sendMessage").items() if k != "Catch"}
                    },
                },
                "End": True,
            },
            "Failed": FAILED,
        }
    ),
    "arguments that an expression makes": watched(
        {
            "A": task("aws-sdk:bedrock:createModelImportJob", Arguments="{% $request %}", Next="B"),
            "B": task("aws-sdk:bedrock:getModelImportJob"),
            "Failed": FAILED,
        },
    ),
    "an express machine, which sends no events": {
        "Machine": machine({"A": FAILED}, StateMachineType="EXPRESS")
    },
    "a child that its parent waits for": {
        **watched(
            {
                "A": task(
                    "states:startExecution.sync:2", Parameters={"StateMachineArn": "${Child}"}
                ),
                "Failed": FAILED,
            }
        ),
        "Child": machine({"A": FAILED}),
    },
    "an alarm for each end instead of a rule": {
        "Machine": machine({"A": FAILED}),
        **{
            name: {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "MetricName": name,
                    "Dimensions": [{"Name": "StateMachineArn", "Value": {"Ref": "Machine"}}],
                    "AlarmActions": ["arn:aws:sns:x:y:z"],
                },
            }
            for name in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")
        },
    },
    "an event pattern with filters": {
        "Rule": on_event(
            {
                "source": ["aws.bedrock"],
                "detail-type": ["Model Customization Job State Change"],
                "detail": {"jobStatus": [{"anything-but": "InProgress"}]},
            }
        )
    },
    "a pattern of batch inference": {
        "Rule": on_event(
            {
                "source": [{"prefix": "aws.bedrock"}],
                "detail-type": ["Batch Inference Job State Change"],
                "detail": {"status": ["Failed"]},
            }
        )
    },
    "a pattern of calls in CloudTrail": {
        "Rule": on_event(
            {
                "source": ["aws.bedrock"],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": {"eventSource": ["bedrock.amazonaws.com"]},
            }
        )
    },
    "a pattern of two types of events": {
        "Rule": on_event(
            {
                "source": ["aws.bedrock"],
                "detail-type": [
                    "Model Customization Job State Change",
                    "Batch Inference Job State Change",
                ],
                "detail": {"status": ["Failed"]},
            }
        )
    },
    "variables that speak of tokens": {
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Environment": {
                    "Variables": {
                        "MAX_TOKENS": "100",
                        "SECRET_ARN": "arn",
                        "TOKENIZER": "x",
                        "API_KEY": {"Ref": "Secret"},
                        "HUB_TOKEN": "arn:aws:secretsmanager:a:b:c",
                    }
                }
            },
        }
    },
    "a public function URL": {
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Principal": "*",
                "FunctionUrlAuthType": "NONE",
                "Action": "lambda:InvokeFunctionUrl",
            },
        }
    },
    "a skill with its token": {
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {"Principal": "alexa-appkit.amazon.com", "EventSourceToken": "s"},
        }
    },
    "a rule whose target takes the dead letters of others": {
        "Letters": {"Type": "AWS::SQS::Queue"},
        "Lets": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Letters"}],
                "PolicyDocument": {
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": {"Fn::GetAtt": ["Letters", "Arn"]},
                        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
                    }
                },
            },
        },
        "One": on_event(
            {"source": ["aws.s3"]},
            DeadLetterConfig={"Arn": {"Fn::GetAtt": ["Letters", "Arn"]}},
        ),
        "Another": on_event(
            {"source": ["aws.s3"]},
            Arn={"Fn::GetAtt": ["Letters", "Arn"]},
            DeadLetterConfig={},
        ),
    },
    "a machine that asks one function again and again": watched(
        {
            "Look": task(
                "lambda:invoke", Parameters={"FunctionName": "f:1"}, Next="Done", Catch=[]
            ),
            "Done": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.s", "StringEquals": "C", "Next": "End"}],
                "Default": "Wait",
            },
            "Wait": {"Type": "Wait", "Seconds": 900, "Next": "Look"},
            "End": {"Type": "Succeed"},
        }
    ),
    "a topic for its account": {
        "Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "TopicParam"}],
                "PolicyDocument": {
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"AWS": "*"},
                        "Action": "sns:Publish",
                        "Resource": "*",
                        "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
                    }
                },
            },
        }
    },
}


@pytest.mark.parametrize("resources", STRANGE.values(), ids=STRANGE)
def test_what_is_odd_and_right_is_no_finding(resources):
    # Literal ARNs keep the examples short: these stacks are bound to one environment.
    found = check_template(
        {"Resources": resources}, environment=Environment(account="1", region="a")
    )
    assert [each.message for each in found] == []


def test_there_are_thirty_of_them():
    assert len(STRANGE) >= 30


def test_a_job_that_is_started_and_forgotten_is_found():
    states = {
        "A": task("bedrock:createModelCustomizationJob", Parameters={"ClientRequestToken": "t"}),
        "Failed": FAILED,
    }
    found = check_template({"Resources": watched(states)}, environment=Environment("1", "a"))
    assert [each.rule.id for each in found] == ["job-not-awaited"]


def test_a_condition_hides_no_defect_behind_its_other_side():
    versions = {"Fn::If": ["Keep", {"Status": "Enabled"}, {"Ref": "AWS::NoValue"}]}
    template = {
        "Conditions": {"Keep": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
        "Resources": {"B": bucket(VersioningConfiguration=versions), "P": policy_of("B")},
    }
    assert [each.rule.id for each in check_template(template)] == ["bucket-without-versions"]


def test_literals_are_meant_where_a_stack_is_bound_to_its_environment():
    right = allow("bedrock:GetCustomModel", "arn:aws:bedrock:us-east-1:123456789012:custom-model/a")
    resources = {
        "Role": role(trusted("lambda.amazonaws.com"), right),
        "Other": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Ref": "AWS::Region"}}},
    }
    bound = Environment(account="123456789012", region="us-east-1")
    assert check_template({"Resources": resources}, environment=bound) == ()
    assert {each.rule.id for each in check_template({"Resources": resources})} == {
        "literal-account",
        "literal-partition",
        "literal-region",
    }


def test_a_rule_says_everything_in_sentences():
    for rule in TABLE:
        assert rule.anchor.startswith("https://docs.aws.amazon.com/")
        for words in (rule.title, rule.why, rule.fix):
            assert words
            assert not words.endswith(".")
