"""Coverage-guided fuzzing of one target of ``tests/fuzz/targets.py`` by atheris (https://github.com/google/atheris).

    pip install atheris                        # not needed by anything else
    python fuzz/pictures.py -max_total_time=600

Options are libFuzzer's; a folder named first keeps what was found interesting, and is gone on from. An input that is
neither read nor refused, takes more than 20 seconds or 3 GB, ends the run and is written to ``crash-...``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMITS = ["-timeout=20", "-rss_limit_mb=3000", "-max_len=65536", "-print_final_stats=1"]


def run(name: str) -> None:
    """Fuzz the target ``name`` until libFuzzer ends the process."""
    import atheris

    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    sys.path.remove(str(ROOT / "fuzz"))  # its files are called like what they fuzz
    with atheris.instrument_imports(include=["bnao", "PIL", "tarfile", "zipfile", "numpy.lib", "tomllib", "csv"]):
        from tests.fuzz.seeds import seeds
        from tests.fuzz.targets import TARGETS
    corpus = [word for word in sys.argv[1:] if not word.startswith("-")]
    if not corpus:
        corpus = [tempfile.mkdtemp(prefix=f"bnao-{name}-")]
    Path(corpus[0]).mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds(name)):
        (Path(corpus[0]) / f"seed-{number}").write_bytes(content)
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    atheris.Setup([sys.argv[0], *LIMITS, *options, *corpus], TARGETS[name])
    atheris.Fuzz()
