"""Architectures as text."""

from __future__ import annotations

from bnao.spaces.nao_cell import PUBLISHED

from .case import Case


def size(name: str, text: str, *says: str, flags: tuple[str, ...] = ()) -> Case:
    """A case of ``bnao size``."""
    return Case(name=name, tokens=("size", text, *flags), says=says)


NORMAL, REDUCTION = PUBLISHED.split(" | ")
_WORDS = REDUCTION.split()


def reduction(*tokens: str) -> str:
    """The published architecture with these first tokens in its reduction cell."""
    return f"{NORMAL} | {' '.join([*tokens, *_WORDS[len(tokens) :]])}"


CASES = [
    size("empty", "", "`normal cell | reduction cell`", "''", "one |"),
    size("one cell only", NORMAL, "`normal cell | reduction cell`", "1 part", "divide the two cells by one |"),
    size("three cells", f"{PUBLISHED} | {NORMAL}", "`normal cell | reduction cell`", "3 part", "by one |"),
    size("token missing", PUBLISHED.rsplit(" ", 1)[0], "the reduction cell has 20 tokens", "19", "input op input op"),
    size("token too many", f"{PUBLISHED} 0", "the reduction cell has 20 tokens", "21", "input op input op"),
    size("cells of another size", "0 1 0 1 | 0 1 0 1", "the normal cell has 20 tokens", "4", "nodes"),
    size("unknown operation number", reduction("0", "7"), "operations of", "reduction cell", "0..4", "received 7"),
    size("input that comes later", reduction("5"), "inputs of state 2", "reduction cell are 0..1", "received 5"),
    size("negative number", reduction("-1"), "tokens are whole numbers", "'-1'", "digits only"),
    size("fraction", reduction("1.0"), "tokens are whole numbers", "'1.0'", "digits only"),
    size("name of an operation", reduction("0", "identity"), "tokens are whole numbers", "'identity'", "digits only"),
    size("digits of another script", reduction("٣"), "tokens are whole numbers", "'٣'", "digits only"),
    size("emoji", "🙂 | 🙂", "the normal cell has 20 tokens", "received 1"),
    size("huge number", reduction("9" * 400), "whole numbers, 5 at most", "99999", "fewer digits"),
    size("word with a slip", "publishd", "`published`", "'publishd'", "did you mean 'published'?"),
    size(
        "published with other operations", "published", "operations small", "middle", flags=("--operations", "middle")
    ),
    size("nodes out of range", "published", "node", "-1", flags=("--nodes", "-1")),
    size("too many nodes", PUBLISHED, "100000000", "at most", flags=("--nodes", "100000000")),
    size(
        "skipped layer where width changes",
        "1 0 0 0 | 0 1 1 1 | 1 1 1 1",
        "tokens of layer 1 in stage 2 are 1..6",
        "received 0 at token 5",
        flags=("--space", "mobile"),
    ),
    size("no image", "published", "--input-size is at least 1", "0", "positive", flags=("--input-size", "0")),
    size("huge image", "published", "--input-size", "10000000000", "at most", flags=("--input-size", "10000000000")),
    size("huge width", "published", "channels", "at most", flags=("--channels", "1000000000000")),
    size("huge last layer", "published", "--num-classes", "at most", flags=("--num-classes", "1000000000000000")),
    size("odd width", "published", "channels must be even", "7", "use 8", flags=("--channels", "7")),
]
