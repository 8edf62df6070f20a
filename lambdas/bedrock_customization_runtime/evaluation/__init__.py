"""Base against tuned on the blind set: asking, scoring, statistics.

`metrics`, `statistics`, `answers`, `comparison`, `few_shot` and `contamination` are pure;
`blind_set`, `parts`, `planning`, `asking` and `judging` take clients as arguments.
"""
