"""The commands, one module each: what they are asked. What they do stands beside this package."""
