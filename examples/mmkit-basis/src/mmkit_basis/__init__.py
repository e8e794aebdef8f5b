"""The basis of a perpetual over spot, for mmkit: a signal that measures it and a pricing rule that leans on it."""
