from __future__ import annotations

import inspect

from reminders.core import errors


def drawn() -> dict[str, str]:
    """Each error of the drawing at the head of the module, with the one it hangs on."""
    parents: dict[str, str] = {}
    branch: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip("│├└─ ")
        if name.endswith("Error") and " " not in name:
            depth = (len(line) - len(name)) // 4
            branch[depth:] = [name]
            parents[name] = branch[depth - 1] if depth else "Exception"
    return parents


def test_the_drawing_of_errors_equals_the_classes() -> None:
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    real = {kind.__name__: kind.__bases__[0].__name__ for kind in classes}
    assert drawn() == real, "the drawing at the head of core/errors.py is what people read first; make it true again"


def test_every_error_says_what_it_means() -> None:
    silent = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if not kind.__doc__]
    assert not silent, f"the docstring of an error says what it means to a person: {silent}"
