"""`python -m infra.docker.healthcheck PORT`: exit 0 when `/readyz` on this container's port answers 200.

Standard library only, and little of it: it is started every few seconds in every container.
"""

import http.client
import sys

TIMEOUT_S = 4.0
"""Below the compose file's health check timeout, so that the reason is printed."""


def main() -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read(500).decode("utf-8", "replace")
    except OSError as error:
        sys.stdout.write(f"no answer: {error}\n")
        return 1
    sys.stdout.write(body + "\n")
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
