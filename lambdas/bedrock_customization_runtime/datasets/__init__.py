"""The data engine: raw rows in, a checked, split data set in the base model's own format out.

::

    settings = Settings(base_model=…, method=…, template=…, split=…, max_rejected=0.05)
    with examine(chunks, settings) as examined:      # one pass; every bad line gets a verdict
        prepared = divide(examined)                  # DatasetRejected where it cannot be used
        for line in prepared.lines(Side.TRAIN):
            …

Nothing here knows AWS: chunks of bytes come in, lines of bytes go out, and the driver (a Lambda
function, the command line) decides where from and where to. The way through the rooms::

    bytes ─ reading: compression | parquet, sniffing, lines, csv_rows | json_rows
          ─ record_formats: templates | shapes
          ─ checking: cleaning, checks, privacy, quality (row_judge) ─► spool + index (examined)
    index ─ copies: near_copies, clusters, leakage
          ─ splitting ─► sides (preparation) ─ record_formats: formats ─► lines

What lies beyond the source comes in through `Settings`: a way to look at media
(`record_formats.media_files`), and what a model added to records (`enrichment`). Every verdict is a
rule of the table in `rules`.
"""
