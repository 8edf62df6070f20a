"""Pre-flight of a model folder, before it is copied or paid for: pure, knows no AWS and no HTTP."""
