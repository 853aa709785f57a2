"""Send thousands of made-up requests to a real server, as the contract allows them and as it does not.

    make fuzz                                  as an author, with another author's token, and with none; minutes
    make fuzz FUZZ_FLAGS="--seconds 20"        what `make check` does

Ends with 1 where an answer is a 5xx, or is not as the contract says.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.support.fuzzing import CLIENTS, fuzz, served


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=240, help="for each of the three clients")
    parser.add_argument("--database-url", default="", help="another database than SQLite")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        served(Path(directory), arguments.database_url) as (server, tokens),
    ):
        failed = [client for client in CLIENTS if not fuzz(server, tokens[client], arguments.seconds)]
    print(
        f"Not as the contract says, with: {', '.join(failed)}." if failed else "Every answer was as the contract says."
    )
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
