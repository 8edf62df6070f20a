"""The models on the blind set: asking, scoring, statistics, advice, and a judge's opinion.

What is asked, written or read takes clients as arguments: `blind_set`, `parts`, `planning`,
`asking`, `primary`, `judging`, `judge_jobs` and `judge_steps`. All else is pure.
"""
