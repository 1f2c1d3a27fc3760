"""Whether the web app of this container answers: exit status 0 if so.

It asks for `/healthz`, so it looks at this process alone: a model server that is away is no reason
to restart the web app, which goes on to keep uploads and to answer 503. `/readyz` tells the rest.
"""

import http.client
import os
import sys
from http import HTTPStatus

_TIMEOUT_S = 4.0


def main() -> int:
    """Ask once; return the exit status."""
    port = int(os.environ.get("SIGHTLINE_WEB_PORT") or "5000")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"The web app does not answer on port {port}: {error}.\n")
        return 1
    finally:
        connection.close()
    if status != HTTPStatus.OK:
        sys.stderr.write(f"The web app answered {status} to /healthz, not 200.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
