from pathlib import Path

from cryptography.fernet import Fernet

from integrationhub.runtime import keys


def test_a_key_is_made_once_and_stays(tmp_path: Path) -> None:
    assert keys.secret_key(tmp_path) == keys.secret_key(tmp_path)
    assert keys.encryption_key(tmp_path) == keys.encryption_key(tmp_path)
    assert keys.secret_key(tmp_path) != keys.secret_key(tmp_path / "other")


def test_only_the_owner_may_read_a_key(tmp_path: Path) -> None:
    keys.secret_key(tmp_path)
    keys.encryption_key(tmp_path)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
        "secret_key": "0o600",
        "encryption_key": "0o600",
    }


def test_the_encryption_key_is_one_that_fernet_takes(tmp_path: Path) -> None:
    fernet = Fernet(keys.encryption_key(tmp_path))
    assert fernet.decrypt(fernet.encrypt(b"token")) == b"token"


def test_of_two_programs_that_start_at_once_the_first_ones_key_stays(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("first\n")
    keys._publish(tmp_path / "secret_key", "second")  # what the slower one does after both found no file
    assert keys.secret_key(tmp_path) == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
