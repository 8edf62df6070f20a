"""What consumers' code asks. Systems Manager is moto's; errors are botocore's own."""

import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime.client import ModelAlias, NoLiveModelError

LIVE, PREVIOUS, NEXT = (f"arn:aws:bedrock:::custom-model-deployment/{name}" for name in "abc")


@pytest.fixture
def alias(ssm):
    """Write the alias, and read it with a clock that stands still."""

    def write(live, previous=None, **options):
        for name, value in {"/tuned": live, "/tuned/previous": previous}.items():
            if value:
                ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
        return ModelAlias(ssm, "/tuned", **{"clock": lambda: 0.0, **options})

    yield write
    ssm.delete_parameters(Names=["/tuned", "/tuned/previous"])


def gone(code="ResourceNotFoundException"):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Converse")


class Model:
    """Answers for what is deployed, and remembers who was asked."""

    def __init__(self, *deployed, code="ResourceNotFoundException"):
        self.deployed, self.asked, self._code = deployed, [], code

    def __call__(self, model):
        self.asked.append(model)
        if model not in self.deployed:
            raise gone(self._code)
        return f"says {model}"


def test_all_keys_go_to_the_live_model_unless_less_is_said(alias):
    tuned = alias(LIVE, PREVIOUS)
    assert {tuned.model_for(f"user-{number}") for number in range(50)} == {LIVE}


def test_a_share_of_the_keys_goes_to_the_live_model_and_the_rest_to_the_one_before(alias):
    tuned = alias(LIVE, PREVIOUS, live_share=0.2)
    models = [tuned.model_for(f"user-{number}") for number in range(2000)]
    assert models.count(LIVE) + models.count(PREVIOUS) == 2000
    assert 340 < models.count(LIVE) < 460


def test_a_key_gets_the_same_model_each_time_and_keeps_it_while_the_share_grows(alias):
    keys = [f"user-{number}" for number in range(300)]
    live = []
    for share in (0.1, 0.1, 0.5, 1.0):
        tuned = alias(LIVE, PREVIOUS, live_share=share)
        live.append({key for key in keys if tuned.model_for(key) == LIVE})
    assert live[0] == live[1]
    assert live[1] < live[2] < live[3] == set(keys)


def test_without_a_model_before_it_the_live_one_gets_all(alias):
    assert alias(LIVE, live_share=0).model_for("user") == LIVE


def test_an_alias_that_names_nothing_is_an_error_or_the_fallback(alias):
    with pytest.raises(NoLiveModelError, match="/tuned names no model"):
        alias(None).model_for("user")
    assert alias(None, fallback="amazon.nova-micro-v1:0").model_for("user") == (
        "amazon.nova-micro-v1:0"
    )


def test_the_alias_is_read_again_after_a_while(alias):
    times = iter([0.0, 59.0, 60.0])
    tuned = alias(LIVE, clock=lambda: next(times))
    assert tuned.model_for("user") == LIVE
    alias(NEXT)
    assert [tuned.model_for("user"), tuned.model_for("user")] == [LIVE, NEXT]


def test_a_model_that_is_gone_since_is_asked_for_again(alias):
    tuned, model = alias(LIVE), Model(NEXT)
    tuned.model_for("user")
    alias(NEXT)
    assert tuned.ask("user", model) == f"says {NEXT}"
    assert model.asked == [LIVE, NEXT]


@pytest.mark.parametrize(
    ("share", "deployed", "asked"),
    [(0.0, LIVE, [PREVIOUS, LIVE]), (1.0, PREVIOUS, [LIVE, PREVIOUS])],
)
def test_of_two_models_the_one_that_is_there_answers(alias, share, deployed, asked):
    model = Model(deployed)
    assert alias(LIVE, PREVIOUS, live_share=share).ask("user", model) == f"says {deployed}"
    assert model.asked == asked


def test_a_model_that_is_gone_without_another_is_the_callers_error(alias):
    with pytest.raises(ClientError, match="ResourceNotFound"):
        alias(LIVE).ask("user", Model())


def test_other_errors_are_the_callers_at_once(alias):
    model = Model(code="ThrottlingException")
    with pytest.raises(ClientError, match="Throttling"):
        alias(LIVE, PREVIOUS).ask("user", model)
    assert model.asked == [LIVE]


def test_a_share_out_of_range_is_refused(alias):
    with pytest.raises(ValueError, match="live_share must be a number from 0 to 1, got 20"):
        alias(LIVE, live_share=20)


def test_only_the_standard_library_is_needed():
    code = (
        "import sys; import bedrock_customization_runtime.client; "
        "print({name.partition('.')[0] for name in sys.modules} & {'boto3', 'botocore', 'msgspec'})"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "set()"
