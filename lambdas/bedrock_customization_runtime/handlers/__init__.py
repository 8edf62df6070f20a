"""One module per Lambda function: parse, call, shape. The logic lives in the packages beside this one."""
