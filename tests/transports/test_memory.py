"""The default transport: whom it tells, and what becomes of it in a forked child."""

import os

import pytest

from tagging.transports.memory import MemoryTransport
from tests.support.waiting import eventually


@pytest.mark.skipif(not hasattr(os, "fork"), reason="about forks")
def test_a_forked_child_ends_though_its_parent_was_just_telling_others():
    transport = MemoryTransport()
    with transport._announcer._mailbox._hints.mutex:  # as held by the parent's thread
        child = os.fork()
        if not child:
            transport.stop()
            os._exit(0)

    try:
        eventually(lambda: os.waitpid(child, os.WNOHANG)[0], "the child's end")
    except BaseException:
        os.kill(child, 9)
        raise
