"""Base against tuned on the blind set: asking, scoring, statistics.

`metrics`, `statistics`, `answers` and `comparison` are pure; `blind_set`, `parts`, `asking` and
`judging` take clients as arguments.
"""
