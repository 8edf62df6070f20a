"""What the commands take where the user says nothing: the constructs' defaults; a test pairs them.

The constructs cannot be imported here, and the engine has none of its own.
"""

VALIDATION_SHARE = 0.1
TEST_SHARE = 0.2
SEED = 0
MAXIMUM_REJECTED = 0.05
MAXIMUM_TOKENS = 512
"""Of an answer in the evaluation."""
FEW_SHOT = 3
"""Examples before a question there."""
