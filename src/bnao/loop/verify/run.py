"""A whole verification. It reads the run and the data, trains nothing, and writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from bnao.errors import require
from bnao.loop.arguments import Objects
from bnao.loop.own import objects_given
from bnao.loop.verify.checks import Checks, Verification
from bnao.loop.verify.folder import check_events, check_files
from bnao.loop.verify.search import verify_search
from bnao.loop.verify.training import verify_training
from bnao.loop.workbench import Searched, located
from bnao.storage import RunFolder
from bnao.storage.manifest import Manifest

OTHERS = 3
FORGERY = "who made the run: hashes and checksums tell damage, and whoever changes a file can compute them again"


def verify(
    run: str | Path | Searched, *, others: int = OTHERS, data: str | None = None, **given: Unpack[Objects]
) -> Verification:
    """Check that the run folder is whole and that what it records comes out again; it is only read.

    The folder: every file's SHA-256, the pool at the manifest's generation, the copies for people, the log. The
    result: what it says of settings, network, arms and stages is what manifest, weights, pool and state say.

    Of a search: the network built from the run's weights, its parameters and multiply-adds counted, measured again on
    the same held-out data; the networks it was chosen from, which these had to be, and the gain. The scores: the
    winner's and ``others`` more of the pool, with the supernet's weights. A ranking: its figures, from ``ranking.csv``.

    Of a training (:func:`bnao.train`): the network built, counted and measured again on the test images; the headline
    is that of the last epoch, the best epoch the best of the rows.

    Numbers must be equal to the bit where versions, machine, device and threads are those of the run (CPU), else within
    0.005. What no check covers is named in ``unverified`` of the outcome: a stranger's run can say wrong things there
    though all checks agree.

    ``run`` is a folder, a :class:`bnao.Result` or a :class:`bnao.Training`. ``data``: where the images are now, if they
    were moved (they must be the same). ``given`` is what the run was given in Python (:func:`bnao.resume`): the same
    again.

    Raises RunError where there is no run folder, SettingError for bad arguments; all else is a check of the result.

    Example: ``verify("runs/demo").ok``
    """
    require(others >= 0, "others is at least 0", others, "0 scores the winner alone")
    (path, bench), checks = located(run), Checks()
    if not (path / "manifest.json").is_file():
        Manifest.read(path)  # says what is missing
    objects, why = objects_given(given), "its manifest cannot be read"
    with checks.guard("manifest"):
        folder = RunFolder.open(path)
        checks.agrees("manifest", f"format {folder.manifest.version}, generation {folder.generation}, checksum as told")
        check_files(folder, checks)
        check_events(folder, checks)
        if folder.manifest.kind == "training":
            why = verify_training(folder, checks, data)
        else:
            why = verify_search(folder, checks, others, bench, objects, data)
        checks.leave(FORGERY)
    return Verification(run=str(path), exact=checks.exact, why=why, checks=checks.found, unverified=checks.unverified)
