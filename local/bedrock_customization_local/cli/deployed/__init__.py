"""Pipelines that are deployed: found by their stacks, decided for, rolled back, reported on."""
