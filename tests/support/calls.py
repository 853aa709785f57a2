"""What stands in for the threads that call the model."""


class CallsOfTheTest:
    """Calls that end when the test says so."""

    def __init__(self, extractor, slots):
        self.jobs = []

    def begin(self, job):
        self.jobs.append(job)

    def ensure_threads(self, in_flight):
        pass

    def close(self):
        pass
