"""A scikit-learn regression for mmkit: a signal that asks it, and the command that trains it."""
