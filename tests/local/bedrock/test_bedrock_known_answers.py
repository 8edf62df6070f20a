"""What a foundation model of the embedded Bedrock knows: answers of the prompts most alike."""

from bedrock_customization_local.cloud.bedrock.inference.known_answers import KnownAnswers

SYSTEM = "You are a bank. Name the intent.\n\n"


def test_the_most_telling_words_decide_not_the_system_prompt_that_all_share():
    known = KnownAnswers(
        [
            (f"{SYSTEM}where is my card", "card"),
            (f"{SYSTEM}where is my phone", "phone"),
            (f"{SYSTEM}what is the rate", "rate"),
        ]
    )
    assert known.nearest(f"{SYSTEM}the phone was stolen") == "phone"
    assert known.nearest("CARD, please!") == "card"


def test_of_equals_the_shorter_question_and_then_the_earlier_one_answers():
    known = KnownAnswers([("card of mine", "long"), ("card", "short"), ("card", "later")])
    assert known.nearest("my card") == "short"


def test_nothing_in_common_is_no_answer():
    assert KnownAnswers([("card", "card")]).nearest("phone?") is None
    assert KnownAnswers([]).nearest("card") is None
