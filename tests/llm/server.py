"""llama.cpp's server on a free loopback port, as a process of its own that never outlives the one that started it.

Run by the Python of an environment that holds nothing but xllamacpp, so this file imports nothing of ours:
`python server.py MODEL.gguf SLOTS TOKENS_A_SLOT`, with the key that clients must send in LLM_API_KEY.
"""

import os
import sys

READY = "READY "


def main() -> None:
    import xllamacpp  # not in the environment of the tests, which only want READY

    model, slots, tokens_a_slot = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_parallel = slots
    params.n_ctx = slots * tokens_a_slot
    params.cpuparams.n_threads = os.cpu_count() or 1
    params.api_keys = [os.environ["LLM_API_KEY"]]
    params.sampling.temp = 0.0  # our requests name no temperature, and llama.cpp's own is 0.8
    params.ui = False
    server = xllamacpp.Server(params)
    print(f"{READY}{server.listening_address}", flush=True)
    sys.stdin.read()  # ends when whoever started us closes it, or is gone


if __name__ == "__main__":
    main()
