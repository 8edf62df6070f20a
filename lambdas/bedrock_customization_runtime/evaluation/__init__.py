"""Base against tuned on the blind set: asking, scoring, statistics, and a judge's opinion.

`metrics`, `statistics`, `answers`, `comparison`, `injection` and `judge_*` are pure; `blind_set`,
`parts`, `asking`, `judging`, `judge_jobs` and `judge_steps` take clients as arguments.
"""
