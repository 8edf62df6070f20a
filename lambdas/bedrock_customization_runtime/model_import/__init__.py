"""Custom Model Import: a model that was trained elsewhere is pinned, copied, checked and imported.

`sources` find the model and pin what they find; `planning` inspects it before anything is copied;
`staging` and `unpacking` copy it in parts that any kill leaves usable; `finishing` completes files
and checks digests; `record` keeps what Bedrock made of them; `removal` takes leftovers away.
"""
