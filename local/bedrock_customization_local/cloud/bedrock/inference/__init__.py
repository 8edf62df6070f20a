"""The data plane: models asked by Converse and InvokeModel."""
