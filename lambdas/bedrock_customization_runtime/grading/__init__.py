"""Rewards for the answers of reinforcement fine-tuning: what Bedrock sends, graded one by one.

`samples`, `equality`, `sql`, `patterns` and `scoring` are pure; `judge` takes a client.
"""
