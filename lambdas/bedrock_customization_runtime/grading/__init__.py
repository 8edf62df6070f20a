"""Rewards for the answers of reinforcement fine-tuning: what Bedrock sends, graded one by one.

All but `judge` is pure; it takes a client.
"""
