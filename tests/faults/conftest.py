"""The micro runs of other tests."""

from __future__ import annotations

from tests.loop.conftest import micro as micro
from tests.loop.conftest import ranked as ranked
from tests.loop.conftest import scored as scored
from tests.resume.conftest import undisturbed as undisturbed
