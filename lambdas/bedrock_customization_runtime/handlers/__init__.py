"""One module per Lambda function: parse, call, shape. The logic lives beside this package."""
