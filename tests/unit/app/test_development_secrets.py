"""Generated secrets: one per data directory, private, and the same for whoever asks first or last."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ledgerbank_app.settings.development_secrets import DevelopmentSecretError, obtain_development_secret

ASK = """
import sys
from pathlib import Path
from ledgerbank_app.settings.development_secrets import obtain_development_secret
print("ready", flush=True)
sys.stdin.readline()
print(obtain_development_secret(Path(sys.argv[1]), "jwt.secret").decode())
"""


def test_a_secret_is_long_random_and_kept(tmp_path: Path) -> None:
    first = obtain_development_secret(tmp_path, "jwt.secret")

    assert len(first) >= 64
    assert obtain_development_secret(tmp_path, "jwt.secret") == first
    assert obtain_development_secret(tmp_path, "other.secret") != first


def test_nobody_else_may_read_it_and_no_draft_is_left(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        obtain_development_secret(tmp_path / "new" / "data", "jwt.secret")
    finally:
        os.umask(previous)

    (file,) = (tmp_path / "new" / "data").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_nlink == 1


def test_a_new_data_directory_is_not_listed_by_others(tmp_path: Path) -> None:
    obtain_development_secret(tmp_path / "data", "jwt.secret")

    # As root the account of the embedded PostgreSQL must be able to pass through.
    expected = 0o711 if os.geteuid() == 0 else 0o700
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == expected


def test_processes_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for _ in range(8)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]

    assert [process.returncode for process in processes] == [0] * len(processes)
    assert len(set(answers)) == 1
    assert len(answers[0]) >= 64
    assert [path.name for path in data_dir.iterdir()] == ["jwt.secret"]


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b" " * 100])
def test_a_file_without_a_secret_is_refused_rather_than_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "jwt.secret").write_bytes(content)

    with pytest.raises(DevelopmentSecretError, match="holds no secret"):
        obtain_development_secret(tmp_path, "jwt.secret")

    assert (tmp_path / "jwt.secret").read_bytes() == content


def test_a_planted_link_is_neither_followed_nor_filled(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("s" * 64)
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "jwt.secret").symlink_to(elsewhere)
    (data_dir / "dangling.secret").symlink_to(tmp_path / "nowhere")

    for name in ("jwt.secret", "dangling.secret"):
        with pytest.raises(DevelopmentSecretError, match="cannot be used"):
            obtain_development_secret(data_dir, name)

    assert not (tmp_path / "nowhere").exists()


def test_a_planted_pipe_does_not_make_the_start_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "jwt.secret")

    with pytest.raises(DevelopmentSecretError, match="holds no secret"):
        obtain_development_secret(tmp_path, "jwt.secret")


def test_a_data_directory_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")

    with pytest.raises(DevelopmentSecretError, match="LEDGERBANK_DATA_DIR"):
        obtain_development_secret(tmp_path / "data", "jwt.secret")
