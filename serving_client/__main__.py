"""`python -m serving_client`: see `_cli`."""

import os
import sys

# The library reports failed connections line by line; ours is the one line to read.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from serving_client._cli import main

sys.exit(main())
