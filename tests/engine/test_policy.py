import pytest

from tagging.models.backoff import backoff


@pytest.mark.parametrize("attempt, bound", [(1, 4), (2, 8), (3, 16), (4, 32), (10, 600), (1000, 600)])
def test_the_wait_is_anywhere_up_to_a_bound_that_doubles_and_is_capped(attempt, bound):
    assert backoff(attempt, base=2, cap=600, uniform=lambda low, high: (low, high)) == (0, bound)
