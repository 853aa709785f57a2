"""The job service of the second founding document, on the product's own queue: only with SIMULATION=1."""
