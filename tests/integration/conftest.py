"""What tests of the whole product share."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """For ``ledgerbank up``: a data directory that the database's account can reach, also when root runs
    the tests."""
    place = Path(tempfile.mkdtemp(prefix="ledgerbank-up-"))
    if os.geteuid() == 0:
        place.chmod(0o711)
    yield {"LEDGERBANK_DATA_DIR": str(place / "data")}
    shutil.rmtree(place, ignore_errors=True)
