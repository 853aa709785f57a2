"""`make bench`: the product beside simpler ones, each figure a ratio to a reference of the same round."""
