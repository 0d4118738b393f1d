"""The program ``bnao``: its commands (imported when called) and what becomes of errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, UnknownCommandError

from bnao import __version__
from bnao.cli.tokens import plain_tokens
from bnao.errors import BnaoError, nearest

COMMANDS = {
    "search": (
        "bnao.cli.search_command:search",
        "Search a network for your images; writes a run folder and prints what was found.",
        "bnao search --recipe demo --supernet.training.epochs 4 --loop.pool 50 --seed 3 --out runs/mine",
    ),
    "show": ("bnao.cli.run_commands:show", "Print what a run found.", "bnao show runs/demo"),
    "list": (
        "bnao.cli.list_command:list_parts",
        "List what can be chosen: recipes, spaces, operations, policies, proposers, data sources.",
        "bnao list recipes",
    ),
    "size": (
        "bnao.cli.size_command:size",
        "Count the parameters and multiply-adds (convolutions and linear layers) of an architecture's network.",
        "bnao size published --cells-per-stage 6 --channels 36 --num-classes 10 --input-size 32",
    ),
    "resume": (
        "bnao.cli.run_commands:resume",
        "Continue an interrupted run. Not available in this version: it says what to do instead.",
        "bnao resume runs/demo",
    ),
}

NOTES = {
    "search": "\n\nValues come from the recipe, then from the TOML file, then from flags; later ones win. A bracket "
    "at the end is the value in `SearchConfig()`; recipes differ."
}

WELCOME = f"""bnao {__version__}: finds a good network for your images.

It trains one balanced supernet, lets a learned controller propose architectures, and compares the result with random
ones of the same budget.

  bnao search                          a small search on the bundled images (minutes), into runs/demo
  bnao show runs/demo                  what it found
  bnao search --data folder:PATH       the same on your own images, one folder per class
  bnao list                            everything that can be chosen
  bnao COMMAND --help                  options and an example; commands: {", ".join(COMMANDS)}"""


def make_app() -> App:
    """The application. A command's module is imported only when the command is called or its help is asked for."""
    app = App(
        name="bnao",
        help="Balanced one-shot neural architecture search: finds a good network for your images.\n\n"
        "Example: `bnao search --recipe demo --out runs/demo`",
        version=__version__,
        version_flags=["--version"],
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )

    @app.default
    def welcome() -> None:
        print(WELCOME)

    for name, (target, summary, example) in COMMANDS.items():
        app.command(target, name=name, help=summary + NOTES.get(name, ""), help_epilogue=f"Example: `{example}`")
    return app


def main(tokens: Sequence[str] | None = None) -> int:
    """Run the command line on ``tokens`` (default: the program's arguments) and return the exit code.

    0: done; 2: an error that the user can mend, told in one line on stderr; 130: interrupted.

    >>> main(["--version"])
    0.1.0
    0
    """
    words = list(sys.argv[1:] if tokens is None else tokens)
    try:
        make_app()(plain_tokens(words), exit_on_error=False, print_error=False)
    except BnaoError as error:
        return _fail(str(error))
    except CycloptsError as error:
        return _fail(_parse_message(error, words))
    except KeyboardInterrupt:
        print("bnao: interrupted", file=sys.stderr)
        return 130
    return 0


def _fail(message: str) -> int:
    print("bnao: error: " + " ".join(message.split()), file=sys.stderr)
    return 2


def _parse_message(error: CycloptsError, words: list[str]) -> str:
    if isinstance(error, UnknownCommandError) or (words and not words[0].startswith("-") and words[0] not in COMMANDS):
        guess = nearest(words[0], COMMANDS)
        hint = f"did you mean {guess!r}? " if guess else ""
        return f"unknown command {words[0]!r}: {hint}Commands: {', '.join(COMMANDS)}"
    error.verbose = False
    command = next((word for word in words if word in COMMANDS), "")
    return f"{str(error).strip().rstrip('.')} (see `{'bnao ' + command if command else 'bnao'} --help`)"
