"""What stands in for the threads that call the model."""


class CallsOfTheTest:
    """Calls that end when the test says so."""

    def __init__(self, extractor, slots):
        self.calls = []

    @property
    def jobs(self):
        """Return the jobs of all calls so far."""
        return [job for jobs in self.calls for job in jobs]

    def begin(self, jobs):
        self.calls.append(jobs)

    def ensure_threads(self, calls):
        pass

    def close(self):
        pass
