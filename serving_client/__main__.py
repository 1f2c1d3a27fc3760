"""`python -m serving_client`: see `_cli`."""

import sys

from serving_client._cli import main

sys.exit(main())
