"""The short way of `make fuzz`, as CI runs it."""

import pytest

from tests.support.fuzzing import CLIENTS, fuzz, served

pytestmark = pytest.mark.long


@pytest.mark.parametrize("client", CLIENTS)
def test_every_answer_to_made_up_requests_is_as_the_contract_says(client, tmp_path):
    with served(tmp_path) as (server, tokens):
        assert fuzz(server, tokens[client], 20)
