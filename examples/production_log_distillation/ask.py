"""How the application asks the large model: with metadata by which its logs are found again."""

import boto3

MODEL = "amazon.nova-pro-v1:0"
SYSTEM = "You sort customers' questions to a bank. Answer with the intent only."
APPLICATION = "ticket-routing"

bedrock = boto3.client("bedrock-runtime")


def intent_of(question: str) -> str:
    """Return the intent of a customer's question."""
    reply = bedrock.converse(
        modelId=MODEL,
        system=[{"text": SYSTEM}],
        messages=[{"role": "user", "content": [{"text": question}]}],
        requestMetadata={"application": APPLICATION},
    )
    return reply["output"]["message"]["content"][0]["text"]
