"""The micro run of other tests."""

from __future__ import annotations

from tests.loop.conftest import micro as micro
