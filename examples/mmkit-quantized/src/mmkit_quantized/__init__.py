"""A cache for mmkit of what a pricing rule prepares, keyed on inputs rounded to a tolerance."""
