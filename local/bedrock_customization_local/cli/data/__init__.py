"""What the commands about data sets do and say, `validate` and `prepare` foremost."""
