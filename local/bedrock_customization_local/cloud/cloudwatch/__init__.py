"""CloudWatch: what services measure about themselves, and alarms that look at it."""
