"""``bnao verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def verify(
    folder: Path,
    /,
    *,
    others: int = 3,
    data: str | None = None,
    json_output: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Check that a run folder is whole and that its figures come out again; trains nothing, changes nothing.

    It ends with what no check covers. The exit code is 0 where all checks agree, 1 where one differs or could not be
    made.

    Parameters
    ----------
    folder
        a run folder that `bnao search` or `bnao train` wrote
    others
        of a search: how many architectures of the pool are scored again, beside the winner
    data
        where the images are now, if they were moved, as for `bnao search --data` [where they were]
    json_output
        print JSON: {run, exact, why, checks: [{name, outcome, text, recorded, found}], unverified}
    """
    from bnao.storage.manifest import FILE_NAME, Manifest

    if not (folder / FILE_NAME).is_file():
        Manifest.read(folder)  # says what is missing
    from rich.console import Console

    from bnao.loop.verify.run import verify as check
    from bnao.report.verify_table import print_verification
    from bnao.storage.files import json_bytes

    found = check(folder, others=others, data=data)
    if json_output:
        print(json_bytes(found).decode(), end="")
    else:
        print_verification(found, Console())
    return 0 if found.ok else 1
