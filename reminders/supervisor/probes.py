"""Questions to a child over its own wire: is it there?"""

import http.client
import socket
from http import HTTPStatus
from pathlib import Path

_SECONDS = 1.0


def answers_http(host: str, port: int, path: str, *, seconds: float = _SECONDS) -> bool:
    """Tell whether a GET on this address is answered with a status below 400."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < HTTPStatus.BAD_REQUEST
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def answers_ping(socket_path: Path, *, seconds: float = _SECONDS) -> bool:
    """Tell whether a Redis-protocol server on this unix socket answers PING; one still loading its file does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
