"""Commands and flags that are not there."""

from __future__ import annotations

from .case import case

CASES = [
    case(
        "unknown command", "serch", "unknown command 'serch'", "did you mean 'search'?", "Commands: search, train, show"
    ),
    case("unknown command like nothing", "xyzzy", "unknown command 'xyzzy'", "Commands: search, train, show"),
    case("an empty word as command", "''", "unknown command ''", "Commands: search, train, show"),
    case("flag before the command", "--recipe demo", "--recipe", "bnao --help"),
    case("unknown flag of show", "show runs/demo --al", "--al", "bnao show --help"),
    case("word too many", "search demo", "'demo'", "leave it out", "bnao search --help"),
    case("flag without its value", "search --loop.pool", "--loop.pool requires an argument", "bnao search --help"),
    case("flag given twice", "search --seed 1 --seed 2", "--seed", "give it once", "bnao search --help"),
    case("missing word", "show", "FOLDER", "bnao show --help"),
    case("unknown table", "list opss", '"opss"', 'Did you mean "ops"?', '"policies"'),
]
