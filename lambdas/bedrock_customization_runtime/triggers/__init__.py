"""Who asked for a run, and when it starts: a queue in S3, one run of a pipeline at a time."""
