"""The program ``bnao``: its commands (imported when called) and what becomes of errors."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from cyclopts import App, CycloptsError, RepeatArgumentError, UnknownCommandError, UnusedCliTokensError

from bnao import __version__
from bnao.cli.tokens import is_switch, plain_tokens
from bnao.errors import BnaoError, nearest, printable

COMMANDS = {
    "search": (
        "bnao.cli.search_command:search",
        "Search a network for your images; writes a run folder and prints what was found.",
        "bnao search --recipe demo --supernet.training.epochs 4 --loop.pool 50 --seed 3 --out runs/mine",
    ),
    "train": (
        "bnao.cli.train_command:train",
        "Train one network in full and measure it on test images: a run's winner, the published one, any architecture.",
        "bnao train --recipe cifar10-final --arch runs/cifar10 --out runs/final",
    ),
    "show": ("bnao.cli.run_commands:show", "Print what a run found.", "bnao show runs/demo"),
    "report": (
        "bnao.cli.run_commands:report",
        "Write the report of a run: one HTML page that needs nothing else.",
        "bnao report runs/demo --open",
    ),
    "watch": (
        "bnao.cli.run_commands:watch",
        "Show the report of a run live in a browser while the run goes on.",
        "bnao watch runs/demo",
    ),
    "resume": (
        "bnao.cli.run_commands:resume",
        "Go on with an interrupted run, to the same result as if nothing had happened.",
        "bnao resume runs/demo",
    ),
    "plan": (
        "bnao.cli.plan_command:plan",
        "Say what a search would take, in time and memory, from a few measured steps; writes nothing.",
        "bnao plan --recipe demo --max-minutes 20",
    ),
    "pool": (
        "bnao.cli.pool_command:pool",
        "Print the best architectures of a run's pool, or write the pool as CSV.",
        "bnao pool runs/demo --csv --out pool.csv",
    ),
    "pick": (
        "bnao.cli.run_commands:pick",
        "Find the best network of another budget with the supernet of a finished run.",
        "bnao pick runs/demo --max-params 50000 --out runs/small",
    ),
    "rank": (
        "bnao.cli.rank_command:rank",
        "Measure how far the one-shot ranking of a run can be trusted, by training a sample of its pool alone.",
        "bnao rank runs/demo --architectures 40 --second-seed 10",
    ),
    "export": (
        "bnao.cli.export_command:export",
        "Write the network of a finished run for use elsewhere: weights, readable source, ONNX, drawing.",
        "bnao export runs/demo --out demo-network",
    ),
    "predict": (
        "bnao.cli.predict_command:predict",
        "Classify picture files by an exported network.",
        "bnao predict demo-network cat.jpg dog.png --top 3",
    ),
    "verify": (
        "bnao.cli.verify_command:verify",
        "Check that a run folder is whole and that its figures come out again.",
        "bnao verify runs/demo",
    ),
    "trust": (
        "bnao.cli.trust_command:trust",
        "Allow the Python files that a run from elsewhere names to be run on this machine.",
        "bnao trust runs/theirs",
    ),
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
}

NOTES = {
    "plan": "\n\nThe flags are those of `bnao search` without `--processes` and `--dry-run`, and `--json`.",
    "search": "\n\nValues come from the recipe, then from the TOML file, then from flags; later ones win. A bracket "
    "at the end is the value in `SearchConfig()`; recipes differ.",
    "train": "\n\nValues come from the recipe, then from the TOML file, then from flags; later ones win. A bracket "
    "at the end is the value in `TrainConfig()`; recipes differ.",
}


_UNUSED: Any = object()
"""In place of a console for errors, which are printed here: making one takes a fifth of the time of a wrong flag."""


def make_app() -> App:
    """The application. A command's module is imported only when the command is called or its help is asked for."""
    app = App(
        name="bnao",
        help="Balanced one-shot neural architecture search: finds a good network for your images.\n\n"
        "Example: bnao search --recipe demo --out runs/demo",
        version=__version__,
        version_flags=["--version"],
        error_console=_UNUSED,
        help_format="plaintext",  # of this page alone: what reads Markdown takes a third of the time of `bnao --help`
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )

    @app.default
    def welcome() -> None:
        from bnao.cli.welcome import welcome_text

        print(welcome_text(COMMANDS))

    for name, (target, summary, example) in COMMANDS.items():
        help_, epilogue = summary + NOTES.get(name, ""), f"Example: `{example}`"
        app.command(target, name=name, help=help_, help_epilogue=epilogue, help_format="markdown")
    return app


def main(tokens: Sequence[str] | None = None) -> int:
    """Run the command line on ``tokens`` (default: the program's arguments) and return the exit code.

    0: done; 1: `bnao verify` found a difference; 2: an error that the user can mend, told in one line on stderr; 130:
    interrupted.

    >>> main(["--version"])
    0.1.0
    0
    """
    words = list(sys.argv[1:] if tokens is None else tokens)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _told
            code = make_app()(plain_tokens(words), exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except BnaoError as error:
        return _fail(str(error))
    except CycloptsError as error:
        return _fail(_parse_message(error, words))
    except BrokenPipeError:  # whoever read the output, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt as error:
        print("bnao: " + printable(str(error) or "interrupted; nothing was changed"), file=sys.stderr)
        return 130
    return code if isinstance(code, int) else 0


def _fail(message: str) -> int:
    words = (word if len(word) <= 300 else f"{word[:200]}...{word[-20:]}" for word in message.split())
    print("bnao: error: " + printable(" ".join(words)), file=sys.stderr)
    return 2


def _told(message: Warning | str, *_: object, **__: object) -> None:
    """A warning of the library in one line, in place of Python's own form with file and code."""
    print("bnao: warning: " + printable(" ".join(str(message).split())), file=sys.stderr)


def _parse_message(error: CycloptsError, words: list[str]) -> str:
    if isinstance(error, UnknownCommandError) or (words and not words[0].startswith("-") and words[0] not in COMMANDS):
        guess = nearest(words[0], COMMANDS)
        hint = f"did you mean {guess!r}? " if guess else ""
        return f"unknown command {words[0]!r}: {hint}Commands: {', '.join(COMMANDS)}"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return _unused(str(error.unused_tokens[0]), words)
    error.verbose = False
    command = next((word for word in words if word in COMMANDS), "")
    remedy = ": give it once" if isinstance(error, RepeatArgumentError) else ""
    return f"{str(error).strip().rstrip('.')}{remedy} (see `{'bnao ' + command if command else 'bnao'} --help`)"


def _unused(word: str, words: list[str]) -> str:
    """The message for a word that no command takes, such as the one after a flag that is on or off."""
    switches = [flag for flag, after in pairwise(words) if after == word and is_switch(flag)]
    if switches:
        return f"{switches[0]} is true or false; received {word!r}: write {switches[0]} true, or {switches[0]} false"
    command = "bnao" if words[0] not in COMMANDS else f"bnao {words[0]}"
    return f"`{command}` takes no further word; received {word!r}: leave it out, or see `{command} --help`"
