"""Personal data and secrets are flagged, masked or rejected, and never quoted."""

import json

import pytest

from bedrock_customization_runtime.datasets.checking.privacy import Privacy, mask

SOURCE = b"\n".join(
    json.dumps({"prompt": prompt, "completion": "yes"}).encode()
    for prompt in ("write to jo@example.org or +49 30 1234 5678", "AKIA" + "IOSFODNN7EXAMPLE?", "x")
)


def test_masked_records_name_the_kind_in_place_of_the_find(judge):
    judged = judge(SOURCE, privacy=Privacy.MASK)

    assert [record["texts"][0] for record in judged.accepted] == [
        "write to [EMAIL] or [PHONE]",
        "[AWS_ACCESS_KEY]?",
        "x",
    ]
    assert judged.findings["personal-data-masked"].lines == (1,)
    assert judged.findings["secret-masked"].lines == (2,)


def test_rejected_records_are_named_by_kind(judge):
    judged = judge(SOURCE, privacy=Privacy.REJECT)

    assert judged.verdicts == {1: "personal-data-rejected", 2: "secret-rejected"}
    assert "email, phone" in judged.rejected[0]["reason"]
    assert "example.org" not in judged.rejected[0]["reason"]


def test_nothing_is_looked_for_where_that_is_asked(judge):
    assert judge(SOURCE, privacy=Privacy.OFF).findings == {}


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # Luhn
        "DE88 3704 0044 0532 0130 00",  # modulo 97
        "0000 0000 0000 0000",
        "256.1.1.1 and 192.168.0.7",
        "000-12-3456",
        "AKIA1234",
        "see https://example.org/a:b@c",
    ],
)
def test_what_fails_its_check_is_no_find(text):
    assert mask(text) == text
