"""What `make audit` makes of the answers of pip-audit."""

import pytest

from tests.security.audit import judged

CLEAN = {"name": "django", "version": "5.2.19", "vulns": []}
WEAK = {"name": "pyyaml", "version": "6.0.3", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["6.0.4"]}]}
SKIPPED = {"name": "openai", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize("answer", [None, {"dependencies": []}, {"dependencies": [SKIPPED]}])
def test_where_nobody_answers_it_says_that_it_has_not_run(answer):
    is_well, (line,) = judged(answer)

    assert (is_well, line.startswith("NOT RUN: ")) == (True, True)


def test_a_known_weakness_fails_and_is_named_with_its_way_out():
    assert judged({"dependencies": [CLEAN, WEAK]}) == (False, ["pyyaml 6.0.3: PYSEC-2026-1, mended in 6.0.4"])


def test_what_could_not_be_looked_at_is_named():
    assert judged({"dependencies": [CLEAN, SKIPPED]}) == (
        True,
        ["No weakness is known of 1 packages.", "NOT RUN for: openai"],
    )
