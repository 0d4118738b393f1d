"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import timing

ROOT = Path(__file__).parents[2]


def commit() -> str:
    """The commit of the code that runs; ``+`` where files of the package or of this benchmark differ from it."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--", "src", "benchmarks/speed", ":(exclude)benchmarks/speed/results.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def cpu_model() -> str:
    """The processor's name, and which vector instructions it has, where Linux tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    name = fields.get("model name", platform.processor() or platform.machine())
    flags = fields.get("flags", "").split()
    vectors = [flag for flag in ("avx2", "avx512f") if flag in flags]
    return f"{name} ({', '.join(vectors)})" if vectors else name


def measured_on(threads: int) -> dict[str, Any]:
    """Processor, versions, threads, commit, and how busy the machine is as the measurement begins."""
    import numpy
    import torch

    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "threads": threads,
        "clock": "processor" if timing.ON_CPU else "wall",
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "commit": commit(),
    }
