"""A venue for mmkit at which an order fills only where the market has gone ticks beyond its price."""
