"""Data preparation by Spark: for sources of which no function could hold the index or the digest.

The steps are those of `sharded_preparation`, and so are the files that they hand to each other in
S3. Spark takes the place of three things there: the Maps, by tasks on its executors; the buckets of
signatures, by a shuffle of hashes; the merge of the sides, by a shuffle of lines::

    examine shards ─► gather ─► sign ═shuffle by hash═► compare ─► decide
                   ─► divide ═shuffle by side and key═► pieces in order ─► finish

What stands in the middle, `gather`, `decide` and `finish`, runs in the driver, on the index of the
accepted records: 500 bytes of its memory for each. That is what bounds a source: not its size, but
how many of its records can be used. So a stopped or repeated job begins where the last one was: a
shard that was examined is not examined again.

`pyspark` is imported here alone. EMR Serverless brings it; no function carries it.
"""
