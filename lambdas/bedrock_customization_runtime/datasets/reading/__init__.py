"""From bytes to rows: what a source is, its lines, and the rows of JSON Lines, CSV and Parquet."""
