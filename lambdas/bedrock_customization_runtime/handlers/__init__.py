"""One module per Lambda function: parse, call, shape. The logic lives beside this package."""

import gc

# What a function imports stays for its life: to look for garbage among it, as often as by default,
# is a tenth of a cold start.
gc.set_threshold(50_000)
