"""What a search that nobody disturbs ends with."""

from __future__ import annotations

import pytest
from tests.resume.outcome import outcome


@pytest.fixture(scope="session")
def undisturbed(micro) -> dict[str, str]:
    return outcome(micro[0].path)
