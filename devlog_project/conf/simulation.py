"""Work without a model, for tests and to see how it behaves."""

from devlog_project.env import Env

env = Env("Simulation")

SIMULATION = env.switch(
    "SIMULATION",
    False,
    "the job service `/job/…`, `/process`, …: Fibonacci numbers by the same queue, in a database of its own; refused "
    "beside a real key",
)
TAGGING_SIMULATED_MOD = env.whole(
    "TAGGING_SIMULATED_MOD", 1_000_000_007, "a prime: its numbers are modulo this", at_least=1, at_most=2**53
)
TAGGING_SIMULATED_DELAY_SECONDS = env.number(
    "TAGGING_SIMULATED_DELAY_SECONDS", 0, "how long the simulated extractor takes for an entry"
)
TAGGING_SIMULATED_FAILURE_RATE = env.number(
    "TAGGING_SIMULATED_FAILURE_RATE", 0, "how many of its calls fail: 0.1 is one of ten", at_most=1
)
TAGGING_SIMULATED_SEED = env.whole("TAGGING_SIMULATED_SEED", 0, "the same seed has the same calls fail")
