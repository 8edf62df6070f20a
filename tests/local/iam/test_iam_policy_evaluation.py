import pytest
from hypothesis import given, strategies as st

from bedrock_customization_local.cloud.iam.conditions import hold
from bedrock_customization_local.cloud.iam.evaluation import Policies, ResourceTrust, evaluate
from bedrock_customization_local.cloud.iam.patterns import arn_matches, glob_matches
from bedrock_customization_local.cloud.iam.policy import parse
from bedrock_customization_local.cloud.iam.request import (
    Context,
    Request,
    RolePrincipal,
    ServicePrincipal,
)

ROLE = RolePrincipal(
    role_arn="arn:aws:iam::123456789012:role/service/Trainer",
    session_arn="arn:aws:sts::123456789012:assumed-role/Trainer/run-1",
    account="123456789012",
)
ROOT = {"AWS": "arn:aws:iam::123456789012:root"}
OBJECT = "arn:aws:s3:::data/runs/1/train.jsonl"


def nothing(_key):
    return None


def policy(*statements, version="2012-10-17"):
    return parse({"Version": version, "Statement": list(statements)})


def allow(action="*", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action="*", resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def ask(action="s3:GetObject", resource=OBJECT, principal=ROLE, **context):
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    return Request(principal=principal, action=action, resource=resource, context=Context(keys))


def decide(request, *identity, **more):
    return evaluate(request, Policies(identity=identity, **more))


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("s3:Get*", "s3:GetObject", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:Get?", "s3:Get", False),
        ("a*b*c", "aXbYbZc", True),
        ("a*b*c", "aXbYcZ", False),
        ("*abc", "abababc", True),
        ("a**c", "abc", True),
        ("${aws:username}", "", False),
        ("${*}", "*", True),
        ("${*}", "x", False),
        ("a.c", "abc", False),
    ],
)
def test_wildcards_match_as_iam_says(pattern, text, fits):
    assert glob_matches(pattern, text, nothing) is fits


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_wildcards_match_what_a_plain_recursion_matches(pattern, text):
    def plain(pattern, text):
        if not pattern:
            return not text
        if pattern[0] == "*":
            return plain(pattern[1:], text) or (bool(text) and plain(pattern, text[1:]))
        return bool(text) and pattern[0] in {"?", text[0]} and plain(pattern[1:], text[1:])

    assert glob_matches(pattern, text, nothing) is plain(pattern, text)


def test_a_pattern_of_many_stars_does_not_backtrack():
    # Backtracking would take longer than the universe lasts.
    assert not glob_matches("a*" * 200 + "b", "a" * 2000, nothing)


@pytest.mark.parametrize(
    ("pattern", "arn", "fits"),
    [
        ("arn:aws:s3:::data/*", OBJECT, True),
        ("arn:aws:s3:::data", OBJECT, False),
        ("arn:*:s3:::data/*", OBJECT, True),
        ("arn:aws:lambda:*:123456789012:function:f", "arn:aws:lambda:a:b:function:f", False),
        ("arn:aws:lambda:*:*:function:f*", "arn:aws:lambda:r:1:function:f:live", True),
        ("arn:aws:bedrock:*::foundation-model/*", "arn:aws:bedrock:r::foundation-model/m:0", True),
        ("arn:aws:bedrock:*::foundation-model/*", "arn:aws:bedrock:r:1:foundation-model/m", False),
        ("*", "anything", True),
    ],
)
def test_a_wildcard_in_an_arn_stays_within_its_part(pattern, arn, fits):
    assert arn_matches(pattern, arn, nothing) is fits


def test_nothing_is_allowed_unless_a_policy_says_so():
    decision = decide(ask())
    assert not decision.allowed
    assert decision.reason == "because no identity-based policy allows the s3:GetObject action"


def test_an_explicit_deny_wins_over_every_allow():
    statements = policy(allow(), deny("s3:*", OBJECT, Sid="Blind"))
    decision = decide(ask(), policy(allow()), statements)
    assert not decision.allowed
    assert decision.reason == "with an explicit deny in an identity-based policy"
    assert decision.statement.sid == "Blind"


def test_actions_do_not_mind_case_but_resources_do():
    assert decide(ask("S3:GETOBJECT"), policy(allow("s3:getobject"))).allowed
    assert not decide(ask(), policy(allow(resource=OBJECT.upper()))).allowed


def test_not_action_and_not_resource_turn_a_statement_around():
    everything_but = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    assert decide(ask(), policy(everything_but)).allowed
    assert not decide(ask("iam:PassRole"), policy(everything_but)).allowed
    elsewhere = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::data/*"}
    assert decide(ask(), policy(allow(), elsewhere)).allowed
    assert not decide(ask(resource="arn:aws:s3:::blind/x"), policy(allow(), elsewhere)).allowed


def test_a_policy_variable_stands_for_the_requests_value_and_never_for_a_wildcard():
    home = policy(allow(resource="arn:aws:s3:::data/${aws:PrincipalTag/team}/*"))
    request = {"aws:PrincipalTag/team": "nlp"}
    assert decide(ask(resource="arn:aws:s3:::data/nlp/x", **request), home).allowed
    assert not decide(ask(resource="arn:aws:s3:::data/cv/x", **request), home).allowed
    assert not decide(ask(resource="arn:aws:s3:::data/nlp/x"), home).allowed
    star = {"aws:PrincipalTag/team": "*"}
    assert not decide(ask(resource="arn:aws:s3:::data/nlp/x", **star), home).allowed


def test_a_policy_variable_may_have_a_default():
    home = policy(allow(resource="arn:aws:s3:::${aws:PrincipalTag/team, 'shared'}/*"))
    assert decide(ask(resource="arn:aws:s3:::shared/x"), home).allowed


def test_before_2012_a_dollar_sign_is_a_dollar_sign():
    old = policy(allow(resource="arn:aws:s3:::data/${x}"), version="2008-10-17")
    assert decide(ask(resource="arn:aws:s3:::data/${x}", x="y"), old).allowed


@pytest.mark.parametrize(
    ("operator", "expected", "actual", "holds"),
    [
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", ["a", "b"], "B", False),
        ("StringEquals", ["a*"], "ab", False),
        ("StringEquals", ["a"], None, False),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a"], "b", True),
        ("StringNotEquals", ["a"], None, True),
        ("StringEqualsIgnoreCase", ["A"], "a", True),
        ("StringNotEqualsIgnoreCase", ["A"], "a", False),
        ("StringLike", ["runs/*"], "runs/1", True),
        ("StringNotLike", ["runs/*"], "runs/1", False),
        ("StringNotLike", ["runs/*"], None, True),
        ("StringEqualsIfExists", ["a"], None, True),
        ("StringEqualsIfExists", ["a"], "b", False),
        (
            "ArnLike",
            ["arn:aws:bedrock:r:1:model-customization-job/*"],
            "arn:aws:bedrock:r:1:x/y",
            False,
        ),
        ("ArnEquals", ["arn:aws:bedrock:r:1:job/*"], "arn:aws:bedrock:r:1:job/a:0/b", True),
        ("ArnNotLike", ["arn:aws:bedrock:r:1:job/*"], "arn:aws:bedrock:r:2:job/a", True),
        ("ArnNotEquals", ["arn:aws:bedrock:r:1:job/*"], "arn:aws:bedrock:r:1:job/a", False),
        ("Bool", ["true"], "True", True),
        ("Bool", ["false"], "true", False),
        ("Bool", ["true"], None, False),
        ("Null", ["true"], None, True),
        ("Null", ["true"], "x", False),
        ("Null", ["false"], "x", True),
        ("NumericLessThan", ["1.2"], "1.3", False),
        ("NumericLessThan", ["1.2"], "1.1", True),
        ("NumericGreaterThanEquals", ["3"], "3", True),
        ("NumericEquals", ["3"], "3.0", True),
        ("NumericNotEquals", ["3"], "4", True),
        ("NumericEquals", ["3"], "three", False),
        ("DateLessThan", ["2027-01-01T00:00:00Z"], "2026-01-01T00:00:00Z", True),
        ("DateGreaterThan", ["2027-01-01T00:00:00Z"], "1735689600", False),
        ("IpAddress", ["10.0.0.0/8"], "10.1.2.3", True),
        ("NotIpAddress", ["10.0.0.0/8"], "10.1.2.3", False),
        ("IpAddress", ["::1"], "::1", True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAllValues:StringNotEquals", ["a"], ["b", "a"], False),
        ("ForAnyValue:StringEquals", ["a"], ["b", "a"], True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAnyValue:StringNotEquals", ["a"], ["b", "a"], True),
        ("ForAnyValue:StringLikeIfExists", ["a*"], None, True),
    ],
)
def test_every_condition_operator_decides_as_iam_says(operator, expected, actual, holds):
    context = Context({} if actual is None else {"some:Key": actual})
    assert hold({operator: {"SOME:key": expected}}, context) is holds


def test_conditions_are_all_needed_and_an_unknown_operator_is_an_error():
    both = {"StringEquals": {"a:x": ["1"], "a:y": ["2"]}}
    assert hold(both, Context({"a:x": "1", "a:y": "2"}))
    assert not hold(both, Context({"a:x": "1", "a:y": "3"}))
    for operator in ("StringSimilar", "ForSome:StringEquals"):
        with pytest.raises(ValueError, match=operator):
            hold({operator: {"a:x": ["1"]}}, Context({"a:x": "1"}))


def test_a_condition_that_does_not_hold_takes_the_statement_away():
    tls = {"Bool": {"aws:SecureTransport": False}}
    policies = policy(allow(), deny(Condition=tls))
    assert decide(ask(aws__SecureTransport="true"), policies).allowed
    assert not decide(ask(aws__SecureTransport="false"), policies).allowed


def test_a_permissions_boundary_only_takes_away():
    boundary = policy(allow("s3:GetObject"), deny("s3:GetObject", "arn:aws:s3:::blind/*"))
    wide = policy(allow("s3:*"))
    assert decide(ask(), wide, boundary=boundary).allowed
    refused = decide(ask("s3:PutObject"), wide, boundary=boundary)
    assert refused.reason == "because no permissions boundary allows the s3:PutObject action"
    denied = decide(ask(resource="arn:aws:s3:::blind/x"), wide, boundary=boundary)
    assert denied.reason == "with an explicit deny in a permissions boundary"
    assert not decide(ask(), boundary=boundary).allowed


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": [ROLE.role_arn]}])
def test_a_buckets_policy_may_allow_on_its_own(principal):
    bucket = policy(allow("s3:GetObject", "arn:aws:s3:::data/*", Principal=principal))
    assert decide(ask(), resource=bucket).allowed
    assert not decide(ask(), resource=bucket, boundary=policy(allow("kms:*"))).allowed


def test_what_a_bucket_gives_to_a_session_no_boundary_takes_away():
    bucket = policy(allow(Principal={"AWS": ROLE.session_arn}))
    assert decide(ask(), resource=bucket, boundary=policy(allow("kms:*"))).allowed


def test_a_bucket_that_names_the_account_leaves_the_decision_to_the_roles_policies():
    for root in (ROOT, {"AWS": "123456789012"}):
        bucket = policy(allow(Principal=root))
        assert not decide(ask(), resource=bucket).allowed
        assert decide(ask(), policy(allow("s3:*")), resource=bucket).allowed


def test_a_buckets_deny_names_whom_it_is_about():
    wide = policy(allow())
    others = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert not decide(ask(), wide, resource=policy({**others, "Principal": "*"})).allowed
    someone = policy({**others, "Principal": {"AWS": "arn:aws:iam::123456789012:role/Other"}})
    assert decide(ask(), wide, resource=someone).allowed
    all_but_me = policy({**others, "NotPrincipal": {"AWS": ROLE.role_arn}})
    assert decide(ask(), wide, resource=all_but_me).allowed
    decision = decide(ask(), wide, resource=policy({**others, "Principal": ROOT}))
    assert decision.reason == "with an explicit deny in a resource-based policy"


def test_a_key_is_closed_unless_its_own_policy_opens_it():
    request = ask("kms:Decrypt", "arn:aws:kms:r:123456789012:key/k")
    wide = policy(allow("kms:*"))

    def key(*statements):
        return {"resource": policy(*statements), "trust": ResourceTrust.ROOT}

    closed = decide(request, wide, **key(allow("kms:Encrypt", Principal=ROOT)))
    assert closed.reason == "because no resource-based policy allows the kms:Decrypt action"
    delegated = key(allow("kms:*", Principal=ROOT))
    assert decide(request, wide, **delegated).allowed
    assert not decide(request, **delegated).allowed
    assert decide(request, **key(allow("kms:Decrypt", Principal={"AWS": ROLE.role_arn}))).allowed


def test_a_trust_policy_names_the_service_and_the_source():
    trust = policy(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "bedrock.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        }
    )
    rules = {"resource": trust, "trust": ResourceTrust.ALONE}

    def assume(service, account):
        request = ask(
            "sts:AssumeRole",
            ROLE.role_arn,
            ServicePrincipal(service),
            aws__SourceAccount=account,
        )
        return decide(request, **rules).allowed

    assert assume("bedrock.amazonaws.com", "123456789012")
    assert not assume("bedrock.amazonaws.com", "999999999999")
    assert not assume("lambda.amazonaws.com", "123456789012")


def test_a_document_that_is_no_policy_is_refused():
    with pytest.raises(ValueError, match="has no Action"):
        parse({"Statement": {"Sid": "X", "Effect": "Allow", "Resource": "*"}})
    with pytest.raises(ValueError, match="Maybe"):
        parse({"Statement": {"Effect": "Maybe", "Action": "*", "Resource": "*"}})
