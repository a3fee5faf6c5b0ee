"""What can be asked of `reminders interpret`. Its words are the core's own, written out: help loads no rule."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter, _SubParsersAction

Commands = _SubParsersAction
QUESTIONS = ("confirm", "ride", "check_in", "pick_up")
LANGUAGES = ("en", "es")
EPILOG = """\
A line read:     {"id": "1", "text": "yes but no ride", "open_question": "confirm", "language": "en"}
A line printed:  {"id": "1", "intents": ["needs_ride", "confirm"], "score": null}
"""


def add_interpret_command(commands: Commands[ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "interpret",
        help="tell what patients' texts mean, without a database",
        description="Reads JSON lines from standard input and prints the meaning of each as a JSON line.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--explain", action="store_true", help="show people which words of the texts given mean what, by which rule"
    )
    command.add_argument("text", nargs="*", metavar="TEXT", help="with --explain: the texts")
    command.add_argument("--question", choices=QUESTIONS, help="with --explain: what was asked (default: nothing)")
    command.add_argument("--language", choices=LANGUAGES, help="with --explain: the patient's recorded language")
