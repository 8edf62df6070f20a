"""What the help of each command shows as examples; a test holds them against the commands."""

from __future__ import annotations

from typing import Final

_MODEL = "--base-model amazon.nova-micro-v1:0:128k"
EXAMPLES: Final = {
    "init": (
        "bedrock-customization init support-tickets --use-case classification",
        "bedrock-customization init --use-case import --base-model amazon.nova-lite-v1:0:300k",
    ),
    "doctor": (
        "bedrock-customization doctor",
        "bedrock-customization doctor --stack SupportTickets --profile production --format json",
        "bedrock-customization doctor --offline",
    ),
    "demo": (
        "bedrock-customization demo",
        "bedrock-customization demo --data reviews.csv --target sentiment --keep",
    ),
    "local up": ("bedrock-customization local up --port 4599",),
    "validate": (
        f"bedrock-customization validate support.jsonl {_MODEL}",
        f"bedrock-customization validate data/ --target category {_MODEL} --format sarif",
    ),
    "prepare": (
        f"bedrock-customization prepare bank.csv --target category {_MODEL} --out prepared --open",
    ),
    "estimate": (f"bedrock-customization estimate bank.csv --target category {_MODEL} --epochs 3",),
    "advise": (
        f"bedrock-customization advise bank.csv --target category {_MODEL} --use-case bank.toml",
        "bedrock-customization advise --manifest s3://BUCKET/runs/RUN/manifest.json",
    ),
    "convert": (
        "bedrock-customization convert bank.csv --target category --to converse --out bank.jsonl",
    ),
    "rules": (
        "bedrock-customization rules role-order",
        f"bedrock-customization rules {_MODEL} --format markdown",
    ),
    "check": (
        "bedrock-customization check",
        "bedrock-customization check template.json --strict --format github",
    ),
    "inspect-model": (
        "bedrock-customization inspect-model hf:Qwen/Qwen2.5-0.5B-Instruct@main --region us-east-1",
        "bedrock-customization inspect-model s3://BUCKET/model/ --format json",
    ),
    "plan": (
        "bedrock-customization plan",
        "bedrock-customization plan cdk.out --data bank.csv --stack SupportTickets",
    ),
    "start": (
        "bedrock-customization start bank.csv --watch",
        "bedrock-customization start bank.csv --name first --hyperparameter epochCount=3",
        "bedrock-customization start s3://BUCKET/incoming/bank.csv --stack SupportTickets",
    ),
    "watch": (
        "bedrock-customization watch",
        "bedrock-customization watch first --format json",
    ),
    "runs": (
        "bedrock-customization runs",
        "bedrock-customization runs --limit 100 --format json",
    ),
    "report": (
        "bedrock-customization report first --out report --open",
        "bedrock-customization report --manifest manifest.json --out report",
    ),
    "verify": (
        "bedrock-customization verify first",
        "bedrock-customization verify --folder copy-of-the-run --public-key key.pem",
    ),
    "approve": ("bedrock-customization approve first --reason 'Better on every slice'",),
    "reject": ("bedrock-customization reject first --reason 'Too curt with customers'",),
    "rollback": (
        "bedrock-customization rollback --list",
        "bedrock-customization rollback --to first",
    ),
    "status": ("bedrock-customization status --stack SupportTickets",),
    "cleanup": (
        "bedrock-customization cleanup",
        "bedrock-customization cleanup --stack SupportTickets --model-retention 30 --yes",
    ),
}
"""Lines by command."""


def epilog(command: str) -> str:
    """Return the examples of a command as its help shows them, each on a line."""
    return "\n\n".join(["Examples:", *EXAMPLES[command]])
