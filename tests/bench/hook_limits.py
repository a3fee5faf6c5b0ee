"""What callbacks are measured against: the same server and framework that does less, or that commits each alone.

`bare` answers and looks at nothing. `one_each` verifies as ours does and commits each receipt by itself, in a thread of
the framework; it hints at nobody and writes no log.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from reminders.adapters.memory import MemoryJobQueue
from reminders.bootstrap import open_services
from reminders.cli.serving import serve
from reminders.services.apply_receipts import store_receipt

HOOK = "/hooks/twilio/status/{tag}"


async def raw_body(request: Request) -> bytes:
    """Return the body as it came: the signature is over its very bytes."""
    return await request.body()


def bare() -> FastAPI:
    """Return an app that answers a callback as ours is answered."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post(HOOK)
    async def answer(tag: str) -> Response:
        return Response(status_code=204)

    return app


def one_each() -> FastAPI:
    """Return an app that stores each receipt by a commit of its own before it answers."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    services = open_services()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    deps = replace(services.deps, queue=MemoryJobQueue())

    @app.post(HOOK)
    def store(tag: str, request: Request, body: Annotated[bytes, Depends(raw_body)]) -> Response:
        path: str = request.scope["raw_path"].decode()
        receipt = services.hooks.read_receipt(path, body, request.headers.get("X-Twilio-Signature"))
        store_receipt(deps, UUID(tag), receipt)
        return Response(status_code=204)

    return app


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("app", choices=["bare", "one_each"])
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    serve(f"tests.bench.hook_limits:{arguments.app}", host="127.0.0.1", port=arguments.port)


if __name__ == "__main__":
    _main()
