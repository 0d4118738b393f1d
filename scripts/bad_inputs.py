"""Write docs/bad-input.md: every case of bad input in tests/bad_input and what the program answers. `-` prints it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bad_input.table import PAGE, page


def main() -> None:
    text = page()
    if sys.argv[1:] == ["-"]:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
