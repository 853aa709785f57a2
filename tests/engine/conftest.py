import pytest

from tests.support.running import drain, engine_for


@pytest.fixture
def started(monkeypatch):
    """Return engines that have started already: a start would end the pause itself, and send a probe."""
    monkeypatch.setattr("tagging.engine.known_waits.PROVIDER_SECONDS", 0.0)
    engines = []

    def start(extractor):
        engines.append(engine_for(extractor))
        drain(engines[-1])
        return engines[-1]

    yield start
    for engine in engines:
        engine.close()
