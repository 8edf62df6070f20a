"""`check` as a person or a pipeline runs it."""

import json

import pytest

BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {}}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonBedrockFullAccess"]},
}
QUIET = {"Type": "AWS::Logs::LogGroup", "Properties": {}}


@pytest.fixture
def write(folder):
    """Write a template with these resources; returns its name."""

    def write_template(name="Stack.template.json", **resources):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps({"Resources": resources}))
        return name

    return write_template


def test_a_clean_template_is_told_in_one_line(write, run_in):
    code, out, _ = run_in("check", write(Topic={"Type": "AWS::SNS::Subscription"}))
    assert code == 0
    assert out.startswith("✓ 0 errors, 0 warnings: 1 resource of 1 template held against ")


def test_an_error_is_told_with_its_place_why_and_fix(write, run_in):
    code, out, _ = run_in("check", write(Role=ROLE))
    assert code == 1
    assert "full-access-policy" in out
    assert "Role, Properties.ManagedPolicyArns[0]: AmazonBedrockFullAccess" in out
    assert "fix  write a policy with the actions that are called" in out
    assert "✗ 1 error, 0 warnings" in out


def test_a_warning_fails_the_command_only_when_asked(write, run_in):
    name = write(Logs=QUIET)
    assert run_in("check", name)[0] == 0
    assert run_in("check", name, "--strict")[0] == 1


def test_an_assembly_is_checked_stack_by_stack_in_its_environment(write, run_in, folder):
    write("cdk.out/A.template.json", Role=ROLE)
    write("cdk.out/assembly-Stage/B.template.json", Bucket=BUCKET)
    stack = {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/eu-west-1"}
    manifest = {
        "artifacts": {
            "A": {**stack, "properties": {"templateFile": "A.template.json"}},
            "Stage": {
                "type": "cdk:cloud-assembly",
                "properties": {"directoryName": "assembly-Stage"},
            },
        }
    }
    (folder / "cdk.out" / "manifest.json").write_text(json.dumps(manifest))
    code, out, _ = run_in("check", "--format", "json")
    told = json.loads(out)
    assert code == 1
    assert not told["clean"]
    assert {
        each["file"]: [found["rule"] for found in each["findings"]] for each in told["templates"]
    } == {
        "cdk.out/A.template.json": ["full-access-policy"],
        "cdk.out/assembly-Stage/B.template.json": [
            "bucket-without-tls-deny",
            "bucket-without-public-block",
            "bucket-without-versions",
            "bucket-without-abort",
            "stateful-without-retain",
        ],
    }


def test_sarif_names_each_rule_once_and_its_page(write, run_in):
    _, out, _ = run_in("check", write(A=ROLE, B=ROLE), "--format", "sarif")
    run = json.loads(out)["runs"][0]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "full-access-policy"
    assert rule["helpUri"].startswith("https://")
    assert [each["ruleIndex"] for each in run["results"]] == [0, 0]


def test_annotations_are_workflow_commands(write, run_in):
    _, out, _ = run_in("check", write(Logs=QUIET), "--format", "github")
    start = "::warning file=Stack.template.json,title=log-group-without-retention::Logs, "
    assert out.startswith(start)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("gone.json", None, "gone.json does not exist"),
        ("a.json", "Resources:", "a.json is no JSON"),
        ("a.json", "[]", "a.json holds no JSON object"),
        ("a.json", "{}", "a.json is no CloudFormation template"),
    ],
)
def test_what_is_no_template_is_a_usage_error(run_in, folder, name, text, told):
    if text is not None:
        (folder / name).write_text(text)
    code, _, err = run_in("check", name)
    assert code == 2
    assert told in err


def test_an_empty_folder_is_a_usage_error(run_in, folder):
    (folder / "cdk.out").mkdir()
    code, _, err = run_in("check")
    assert code == 2
    assert "cdk.out holds no template" in err
