"""Texts that are almost the same: near-copies, clusters of them, passages that leak."""
