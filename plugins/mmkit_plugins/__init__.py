"""Every built-in rule, by role, one rule per file."""
