"""Marks for tests that not every run can hold."""

import signal

import pytest

# Where Ctrl-C is not heard (a test run in the background), it cannot be tested either.
hears_ctrl_c = pytest.mark.skipif(signal.getsignal(signal.SIGINT) == signal.SIG_IGN, reason="SIGINT is ignored here")
