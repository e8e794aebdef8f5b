"""A report for mmkit of what a run earned and filled, interval by interval."""
