"""A job service for load and play, on the product's own queue: only with SIMULATION=1."""
