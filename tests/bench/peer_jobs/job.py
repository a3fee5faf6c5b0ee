"""The job that every library is given: read the text, mark it, call the provider, mark it again; two commits.

No checks, no rendering, no encryption, and plain psycopg: the least that a sender which stores its state does. The
client is the synchronous one of the provider's own library, as the tutorials have it.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import Any

import psycopg
from twilio.rest import Client

DATABASE, BROKER, PROVIDER = "BENCH_DATABASE", "BENCH_BROKER", "BENCH_PROVIDER"
ACCOUNT, TOKEN, SENDER = "BENCH_ACCOUNT", "BENCH_TOKEN", "BENCH_SENDER"
"""What the processes of a library are told by their environment."""
INTENT = "UPDATE message SET state = 'sending' WHERE id = %s"
OUTCOME = "UPDATE message SET state = 'sent', sid = %s, finished_at = clock_timestamp() WHERE id = %s"
READ = "SELECT phone, body, callback FROM message WHERE id = %s AND state = 'due' FOR UPDATE"

_of_thread = threading.local()


def broker() -> str:
    """Return the broker's address as redis-py wants it."""
    return os.environ[BROKER]


def send(number: int) -> None:
    """Send one text, unless somebody did."""
    connection = _connection()
    found = connection.execute(READ, (number,)).fetchone()
    if found is None:
        connection.rollback()
        return
    phone, body, callback = found
    connection.execute(INTENT, (number,))
    connection.commit()
    made = _client().messages.create(to=phone, body=body, from_=os.environ[SENDER], status_callback=callback)
    connection.execute(OUTCOME, (made.sid, number))
    connection.commit()


def _connection() -> psycopg.Connection[Any]:
    """Return the connection of this thread of this process."""
    if getattr(_of_thread, "pid", None) != os.getpid():
        _of_thread.pid, _of_thread.connection = os.getpid(), psycopg.connect(os.environ[DATABASE])
    made: psycopg.Connection[Any] = _of_thread.connection
    return made


@cache
def _client() -> Any:  # noqa: ANN401 - published without types
    client = Client(os.environ[ACCOUNT], os.environ[TOKEN])
    client.api.base_url = os.environ[PROVIDER]
    return client
