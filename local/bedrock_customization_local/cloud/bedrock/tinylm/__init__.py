"""A small language model that really learns: a decoder-only transformer, trained from scratch.

It stands in for the foundation models that Amazon Bedrock would customize. Losses, early stopping,
overfitting, the effect of data and hyperparameters and the answers are therefore real, and none of
them says anything about the quality of Nova or Llama. A "base model" is this network untrained: its
answers are noise.

`vocabulary` turns text into tokens and `batches` those into arrays; `weights` are what is learned,
`network` runs them forward and back, `optimizer` updates them, `model` keeps them with their
vocabulary; `generation` is the decoding, `training` the loop, and `worker` that loop as a process
of its own. Nothing here knows AWS.
"""
