"""Freed memory is asked for anew by no step, and given back at the end."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from bnao.training.memory import give_back_freed_memory, keep_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() // 2**20

def step():
    tensors = [torch.ones(2**20) for _ in range(40)]  # 160 MiB

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

base = resident()
keep_freed_memory()
for _ in range(3):
    step()
print(faults(), resident() - base, end=" ")
give_back_freed_memory()
print(resident() - base)
"""


def run(**environment: str) -> list[int]:
    """Faults of the fourth step; MiB kept after it, and when all was given back."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_a_step_finds_the_memory_of_the_one_before() -> None:
    faults, kept, left = run()
    assert faults < 1000  # of 40,000 pages
    assert kept > 100 and left < 60


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
@pytest.mark.parametrize(
    "name, value", [("MALLOC_TRIM_THRESHOLD_", "131072"), ("GLIBC_TUNABLES", "glibc.malloc.top_pad=131072")]
)
def test_what_the_environment_sets_is_left(name: str, value: str) -> None:
    faults, kept, _ = run(**{name: value})
    assert faults > 1000 and kept < 60
