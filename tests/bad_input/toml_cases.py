"""Configuration files."""

from __future__ import annotations

from pathlib import Path

from .case import Case, Make, case


def written(content: str | bytes) -> Make:
    """Makes mine.toml with this content."""

    def make(folder: Path) -> None:
        (folder / "mine.toml").write_bytes(content.encode() if isinstance(content, str) else content)

    return make


def toml(name: str, content: str | bytes, *says: str) -> Case:
    """A case of ``bnao search --config mine.toml``."""
    return case(name, "search --config mine.toml", "mine.toml", *says, make=written(content))


CASES = [
    case("no such file", "search --config mine.toml", "'mine.toml'", "does not exist", "check the path"),
    case("a folder", "search --config .", "readable TOML file", "'.'", "is a folder", "give the file"),
    case(
        "path below a file",
        "search --config a/mine.toml",
        "a/mine.toml",
        "is not",
        "check",
        make=lambda f: _file(f / "a"),
    ),
    case("path too long", f"search --config {'x' * 5000}", "readable TOML file", "too long", "check the path"),
    toml("not TOML", "seed = 1\n[loop\npool = 3\n", "not valid TOML", "line 2", "name = value"),
    toml("unclosed text", 'seed = 1\n[data]\nsource = "sample\n', "not valid TOML", "line 3", "name = value"),
    toml("same setting twice", "seed = 1\nseed = 2\n", "not valid TOML", "line 2"),
    toml("cut in the middle", "seed = 1\n[loop]\npool =", "not valid TOML", "line 3, the end of document"),
    toml("not UTF-8", b"seed = 1\n# \xff\xfe\n", "UTF-8", "line 2", "save it as UTF-8"),
    toml("binary", bytes(range(128, 256)) * 4, "UTF-8", "line 1", "0x80"),
    toml("deep nesting", "seed = " + "[" * 20000, "not valid TOML", "nested too deeply"),
    toml("unknown setting", "[loop]\npoool = 3\n", "line 2", "'loop.poool'", "did you mean 'loop.pool'?"),
    toml("setting in the wrong section", "[loop]\nepochs = 3\n", "line 2", "'loop.epochs'", "did you mean '"),
    toml("unknown section", "seed = 1\n\n[suprnet]\nepochs = 3\n", "line 3", "'suprnet'", "did you mean 'supernet'?"),
    toml("a value for a section", "loop = 3\n", "line 1", "loop is a section", "3", "loop.pool"),
    toml("a section for a value", "[loop.pool]\nx = 3\n", "line 1", "loop.pool is a whole number", "'x': 3"),
    toml("text for a number", '[loop]\npool = "ten"\n', "line 2", "loop.pool is a whole number", "'ten'", "example 3"),
    toml("a list for a number", "[loop]\npool = [1, 2]\n", "line 2", "loop.pool is a whole number", "[1, 2]"),
    toml("a date for a number", "seed = 2020-01-01\n", "line 1", "seed is a whole number", "2020-01-01"),
    toml("true for a number", "seed = true\n", "line 1", "seed is a whole number", "True"),
    toml("nan", "[sampling]\nfloor = nan\n", "line 2", "sampling.floor is a number", "nan", "finite"),
    toml("out of range", "[data]\nvalid_fraction = 1.5\n", "line 2", "data.valid_fraction", "1.5", "0.1"),
    toml("number of 5000 digits", "seed = " + "9" * 5000 + "\n", "not valid TOML", "5000 digits"),
    toml(
        "hexadecimal number of 5000 digits",
        "seed = 0x" + "f" * 5000 + "\n",
        "seed is a whole number",
        "line 1",
        "20000 bits",
        "2**63",
    ),
    toml("an empty name", '"" = 3\n', "unknown setting ''"),
]


def _file(path: Path) -> None:
    path.write_text("a file")
