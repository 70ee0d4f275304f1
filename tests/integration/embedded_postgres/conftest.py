"""A place for clusters that every account can pass through."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.servers.embedded_servers import PLACE_PREFIX, kill_whole_server, postmaster_pid

from ledgerbank_adapters.embedded_postgres.postmaster_status import runs_postmaster


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that a server's account can pass through; servers left in it are killed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix=PLACE_PREFIX))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        for pid_file in directory.glob("**/postmaster.pid"):
            if runs_postmaster(postmaster_pid(pid_file.parent), pid_file.parent):
                kill_whole_server(pid_file.parent)
        shutil.rmtree(directory)
