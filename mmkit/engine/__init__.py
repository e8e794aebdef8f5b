"""What runs per event: records and functions in the compilable subset, bound to a stack's own module."""
