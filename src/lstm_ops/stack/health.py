"""Whether a server answers. Standard library only: every command asks, most before any import."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit


def answers(url: str, timeout: float = 1.0) -> bool:
    """Whether GET on that http URL gives 200 within `timeout` seconds. No proxy is asked."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
