"""A model drafts, rewrites or grades answers before the data are prepared.

`asking` asks it; `parts` keeps what it said, for the preparation that follows and for later runs.
"""
