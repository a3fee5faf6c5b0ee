from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import Function, functions, python_files, tree

METHODS = {"get", "post", "put", "patch", "delete"}
SIGNATURE, TOKEN, OPEN = "the provider's signature", "an unguessable token in the path", "nothing: it tells nothing"
LOCAL = "only this machine's own browser may ask"
DOOR = "nobody is signed in yet: a form of ours, with a limit on tries"
SIGNED_IN = "a person with a role, whose clinics bound what is there"
KEY = "an API key with the scope that the route names, for the rows of one clinic"
API = "/api/v1"
"""Where the app of `reminders/web/api` is mounted."""
ACTORS = ("Acting", "needs(")

PUBLIC = {
    "POST /hooks/twilio/sms": SIGNATURE,
    "POST /hooks/twilio/status/{tag}": SIGNATURE,
    "POST /hooks/canary/{canary}": SIGNATURE,
    "GET /r/{token}": TOKEN,
    "POST /r/{token}": TOKEN,
    "GET /r/{token}/visit.ics": TOKEN,
    "GET /a/{token}": TOKEN,
    "POST /a/{token}": TOKEN,
    "GET /u/{token}": TOKEN,
    "POST /u/{token}": TOKEN,
    "GET /api/v1/appointments": KEY,
    "GET /api/v1/appointments/{external_id:path}": KEY,
    "PUT /api/v1/appointments/{external_id:path}": KEY,
    "DELETE /api/v1/appointments/{external_id:path}": KEY,
    "GET /api/v1/patients/{external_id:path}": KEY,
    "PUT /api/v1/patients/{external_id:path}": KEY,
    "POST /api/v1/messages": KEY,
    "GET /api/v1/messages/{message_id}": KEY,
    "GET /api/v1/worklist": KEY,
    "POST /api/v1/worklist/{task_id}/take": KEY,
    "POST /api/v1/worklist/{task_id}/resolve": KEY,
    "GET /api/v1/events": KEY,
    "GET /api/v1/": OPEN,
    "GET /api/v1/openapi.json": OPEN,
    "GET /problems/": OPEN,
    "GET /problems/{kind}": OPEN,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": LOCAL,
    "GET /": SIGNED_IN,
    "GET /parts/today": SIGNED_IN,
    "GET /worklist/{name}": SIGNED_IN,
    "POST /worklist/{name}": SIGNED_IN,
    "GET /patients": SIGNED_IN,
    "GET /patients/{key}": SIGNED_IN,
    "POST /patients/{key}": SIGNED_IN,
    "GET /inbox": SIGNED_IN,
    "GET /inbox/{thread}": SIGNED_IN,
    "GET /inbox/texts/{text}": SIGNED_IN,
    "POST /inbox/texts/{text}/reading": SIGNED_IN,
    "POST /inbox/{thread}/preview": SIGNED_IN,
    "POST /inbox/{thread}/answer": SIGNED_IN,
    "GET /reports": SIGNED_IN,
    "POST /reports/export": SIGNED_IN,
    "GET /staff": SIGNED_IN,
    "POST /staff": SIGNED_IN,
    "POST /staff/{staff_id}/invite": SIGNED_IN,
    "POST /staff/{staff_id}/role": SIGNED_IN,
    "POST /staff/{staff_id}/sessions": SIGNED_IN,
    "POST /staff/{staff_id}/end": SIGNED_IN,
    "GET /audit": SIGNED_IN,
    "POST /sign-out": SIGNED_IN,
    "GET /sign-in": DOOR,
    "POST /sign-in": DOOR,
    "GET /invitation/{token}": TOKEN,
    "POST /invitation/{token}": TOKEN,
    "POST /invitation/{token}/advice": TOKEN,
    "GET /send": SIGNED_IN,
    "POST /send": SIGNED_IN,
    "POST /send/edit": SIGNED_IN,
    "POST /send/preview": SIGNED_IN,
    "POST /send/outlook": SIGNED_IN,
    "POST /send/people": SIGNED_IN,
    "POST /send/test": SIGNED_IN,
    "GET /plan": SIGNED_IN,
    "GET /plan/steps/{key}": SIGNED_IN,
    "POST /plan/steps/{key}": SIGNED_IN,
    "GET /plan/texts/{key}": SIGNED_IN,
    "POST /plan/texts/{key}": SIGNED_IN,
    "POST /plan/texts/{key}/reading": SIGNED_IN,
    "GET /plan/answers": SIGNED_IN,
    "GET /plan/snippets/{name}": SIGNED_IN,
    "POST /plan/snippets/{name}": SIGNED_IN,
    "POST /plan/snippets/{name}/reading": SIGNED_IN,
    "GET /plan/new-step": SIGNED_IN,
    "POST /plan/new-step": SIGNED_IN,
    "POST /plan/new-step/reading": SIGNED_IN,
    "POST /plan/save": SIGNED_IN,
    "GET /plan/versions": SIGNED_IN,
    "GET /plan/versions/{number}": SIGNED_IN,
    "POST /plan/versions/{number}": SIGNED_IN,
    "GET /batches": SIGNED_IN,
    "GET /batches/{batch_id}": SIGNED_IN,
    "GET /parts/batches/{batch_id}": SIGNED_IN,
    "POST /batches/{batch_id}/stop": SIGNED_IN,
}


def routes() -> Iterator[tuple[str, Function]]:
    """Every route of the web room, as its decorator spells it."""
    for path in python_files("reminders/web"):
        prefixes = {
            keyword.value.value
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("APIRouter")
            for keyword in node.keywords
            if keyword.arg == "prefix" and isinstance(keyword.value, ast.Constant)
        }
        prefix = (API if "api" in path.parts else "") + (str(prefixes.pop()) if prefixes else "")
        for function in functions(path):
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
                    method, address = decorator.func.attr, decorator.args[:1]
                    if method in METHODS and address and isinstance(address[0], ast.Constant):
                        yield f"{method.upper()} {prefix}{ast.literal_eval(address[0])}", function
        yield from _listed(path)


def _listed(path: Path) -> Iterator[tuple[str, Function]]:
    """Every route that stands in a list: `Route(address, function, methods=[…])`."""
    known = {function.name: function for function in functions(path)}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Route":
            address, function = ast.literal_eval(node.args[0]), known[ast.unparse(node.args[1])]
            [methods] = [keyword.value for keyword in node.keywords if keyword.arg == "methods"]
            for method in ast.literal_eval(methods):
                yield f"{method} {address}", function


def test_every_route_is_listed_here_with_what_guards_it() -> None:
    found = {route for route, _ in routes()}
    assert found, "no route was found; does the web room still spell them as decorators?"
    assert found <= PUBLIC.keys(), f"whoever opens a door says here who may come in: {found - PUBLIC.keys()}"
    assert found >= PUBLIC.keys(), f"these doors are promised and missing: {PUBLIC.keys() - found}"


def test_every_hook_asks_for_the_signature() -> None:
    for route, function in routes():
        if PUBLIC.get(route) == SIGNATURE:
            assert "signature" in ast.unparse(function).lower(), f"{route} would believe anybody"


def test_every_local_door_stands_behind_the_guard_of_local_doors() -> None:
    for route, function in routes():
        if PUBLIC.get(route) == LOCAL:
            module = next(path for path in python_files("reminders/web") if function in functions(path))
            routers = [
                node
                for node in ast.walk(tree(module))
                if isinstance(node, ast.Call) and "APIRouter" in ast.unparse(node.func)
            ]
            guarded = [*map(ast.unparse, function.decorator_list), *map(ast.unparse, routers)]
            assert any("only_local" in text for text in guarded), f"{route} would answer anybody"


def test_every_page_of_staff_asks_who_acts() -> None:
    for route, function in routes():
        if PUBLIC.get(route) == SIGNED_IN:
            arguments = [*function.args.args, *function.args.kwonlyargs]
            asked = " ".join(ast.unparse(item.annotation) for item in arguments if item.annotation)
            module = next(path for path in python_files("reminders/web") if function in functions(path))
            asked = " ".join([asked, *_meanings(module, asked)])
            assert any(word in asked for word in ACTORS), f"{route} does not know who asks: take Acting or needs(…)"


def _meanings(module: Path, names: str) -> list[str]:
    """What names of a module stand for, such as `Manager = Annotated[Actor, Depends(needs(Right.STAFF))]`."""
    return [
        ast.unparse(node.value)
        for node in tree(module).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in names.split()
    ]


def test_every_form_of_staff_is_refused_from_elsewhere() -> None:
    for route, function in routes():
        if route.startswith("POST") and PUBLIC.get(route) in {SIGNED_IN, DOOR}:
            body = ast.unparse(function)
            assert "check_form(" in body or "is_from_our_page(" in body, f"{route} would obey any site's form"


def test_every_page_for_patients_is_reached_by_token_only() -> None:
    for route, function in routes():
        if PUBLIC.get(route) == TOKEN:
            assert "{token}" in route
            assert "token" in {argument.arg for argument in function.args.args + function.args.kwonlyargs}


def test_every_route_of_the_api_stands_behind_a_key() -> None:
    for route, function in routes():
        if PUBLIC.get(route) == KEY:
            module = next(path for path in python_files("reminders/web") if function in functions(path))
            text = ast.unparse(tree(module))
            assert "route_class=KeyedRoute" in text, f"{route} would answer anybody"
            assert "needs(Scope." in ast.unparse(function), f"{route} names no scope"
            assert "Calling" in ast.unparse(function.args), f"{route} does not know whose rows it may read"
