"""Deployments of candidates: whether one answers, and how it is taken away again."""
