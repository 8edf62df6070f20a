"""Data preparation by many functions: for sources that one cannot prepare in a quarter of an hour.

Step Functions calls the steps, each an idempotent function of what earlier ones left in S3::

    plan ─► examine shards ─► gather ─► sign shards ─► compare buckets ─► decide
         ─► divide shards ─► finish

    plan            cut the pinned source into ranges of whole lines
    examine shard   judge each record; keep the accepted ones and their index
    gather          add up; which questions stand for their equals, which shingles are a template's
    sign shard      16 hashes of each such question, sorted into buckets of equal hashes
    compare bucket  questions with an equal hash, compared exactly: pairs of near-copies
    decide          side of each record; passages of the blind set
    divide shard    leave out records that quote them; sort the rest by side and by hash
    finish          check what is left, merge the sides, write report and manifest

Judging, comparing and splitting are functions of `datasets`, the same that one function alone
calls, so the results are the same bytes. What the steps hand to each other lies below one prefix of
the data bucket (`scratch.Scratch`), that is named after the source's version and all settings:
whatever is found there fits.

Memory: shards and buckets are small; gather, decide and finish hold the index of all records, at
most 400 bytes for each, and `gather` refuses a source for which that is too much.
"""
