"""`python -m sightline`, or `sightline`: see `main`."""

import os
import sys

# The library reports failed connections line by line; ours is the one line to read.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from sightline.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
