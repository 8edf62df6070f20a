"""Deployments of candidates: how they are taken away, and what else cleans up."""
