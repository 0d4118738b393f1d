"""Freed memory is asked for anew by no step, and given back at the end, from when on the process is as others are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import torch
from bnao.training import memory

class Older:
    # as glibc was before this threshold could be above 32 MiB
    def __init__(self, libc):
        self.malloc_trim, self.libc = libc.malloc_trim, libc
    def mallopt(self, name, size):
        return 0 if name == -3 and size > 32 << 20 else self.libc.mallopt(name, size)

if "older" in sys.argv:
    found = Older(memory._glibc())
    memory._glibc = lambda: found

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() // 2**20

def step():
    tensors = [torch.ones(2**20) for _ in range(40)]  # 160 MiB in tensors of 4

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

base = resident()
with memory.keeping_freed_memory():
    with memory.keeping_freed_memory():
        step()
    for _ in range(3):
        step()
    print(faults(), resident() - base, end=" ")
    memory.give_back_freed_memory()
    print(resident() - base, end=" ")
    step()
print(resident() - base, end=" ")
large = [torch.ones(15 * 2**20) for _ in range(8)]  # 60 MiB each: mapped, and given back, where no gap is large enough
del large
print(resident() - base)
"""


def run(*words: str, **environment: str) -> list[int]:
    """Faults of the fifth step; MiB kept after it, when all was given back, after the context, after 480 MiB more."""
    command, environment = [sys.executable, "-c", PROGRAM, *words], {**os.environ, **environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
@pytest.mark.parametrize("words", [(), ("older",)])
def test_a_step_finds_the_memory_of_the_one_before(words: tuple[str, ...]) -> None:
    faults, kept, left, ended, later = run(*words)
    assert faults < 1000  # of 40,000 pages
    assert kept > 100 and left < 60
    assert ended < 60 and later < 240


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
@pytest.mark.parametrize(
    "name, value", [("MALLOC_TRIM_THRESHOLD_", "131072"), ("GLIBC_TUNABLES", "glibc.malloc.top_pad=131072")]
)
def test_what_the_environment_sets_is_left(name: str, value: str) -> None:
    faults, kept, *_ = run(**{name: value})
    assert faults > 1000 and kept < 60
