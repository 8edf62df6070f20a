"""How the application asks the large model: with metadata by which its logs are found again."""

import boto3

SYSTEM = "You sort customers' questions to a bank. Answer with the intent only."


def intent_of(question: str) -> str:
    """Return the intent of a customer's question."""
    reply = boto3.client("bedrock-runtime").converse(
        modelId="amazon.nova-pro-v1:0",
        system=[{"text": SYSTEM}],
        messages=[{"role": "user", "content": [{"text": question}]}],
        requestMetadata={"application": "ticket-routing"},
    )
    return reply["output"]["message"]["content"][0]["text"]
