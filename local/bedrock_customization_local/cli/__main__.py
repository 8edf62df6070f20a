"""`python -m bedrock_customization_local.cli`: where no script is on the path."""

from bedrock_customization_local.cli import app

app(prog_name="bedrock-customization")
