"""What the operator sets is checked at the start, and what is wrong is said in a sentence."""

import stat
import threading
import traceback
from pathlib import Path

import pytest

from kept.lib import env
from kept.lib.env import SettingError

SECRET = "a-secret-that-nobody-may-see-in-a-log"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def settings(folder, **given):
    return {"KEPT_DATA_DIR": str(folder), "KEPT_SECRET_KEY": SECRET, **given}


def test_with_nothing_set_there_is_a_folder_a_database_and_a_key(tmp_path):
    read = env.read({"XDG_DATA_HOME": str(tmp_path)})
    assert read.data_dir == tmp_path / "kept"
    assert read.database["NAME"] == str(tmp_path / "kept" / "kept.sqlite3")
    assert read.base_url == "http://127.0.0.1:8000"
    assert read.email_url == "none:"
    assert len(read.secret_key) >= 32


def test_the_data_folder_is_for_its_owner_alone(folder):
    env.read(settings(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("KEPT_DATABASE_URL", "mysql://u:p@h/db", "use sqlite:////"),
        ("KEPT_EMAIL_PER_MINUTE", "0", "a whole number from 1 to 60000"),
        ("KEPT_EMAIL_PER_MINUTE", "ten", "a whole number from 1 to 60000"),
        ("KEPT_EMAIL_PER_MINUTE", "1.5", "a whole number from 1 to 60000"),
        ("KEPT_DATABASE_URL", "/var/lib/kept.sqlite3", "use sqlite:///"),
        ("KEPT_DATABASE_URL", "sqlite:kept.sqlite3", "use sqlite:///"),
        ("KEPT_DATABASE_URL", "postgresql://u:p@h:port/db", "percent-encoded"),
        ("KEPT_DATABASE_URL", "postgresql://u:p#w@h/db", "percent-encoded"),
        ("KEPT_DATABASE_URL", "postgresql://h/", "names no database"),
        ("KEPT_DATABASE_URL", "sqlite://", "in memory"),
        ("KEPT_DATABASE_URL", "sqlite:///:memory:", "in memory"),
        ("KEPT_DATABASE_URL", "sqlite:///var/lib/kept.sqlite3", "four slashes"),
        ("KEPT_DATABASE_URL", "sqlite:///~/kept.sqlite3", "four slashes"),
        ("KEPT_DATABASE_URL", "sqlite://kept/kept.sqlite3", "four slashes"),
        ("KEPT_DATABASE_URL", "sqlite:///kept.sqlite3?mode=ro", "takes no options"),
        ("KEPT_DATABASE_URL", "sqlite:////no-such-folder/kept.sqlite3", "make that folder"),
        ("KEPT_BASE_URL", "https://*.example.com", "https://book.example.com"),
        ("KEPT_BASE_URL", "https://.example.com", "https://book.example.com"),
        ("KEPT_BASE_URL", "https://bücher.example.com", "xn--"),
        ("KEPT_BASE_URL", "book.example.com", "https://book.example.com"),
        ("KEPT_BASE_URL", "ftp://book.example.com", "https://book.example.com"),
        ("KEPT_BASE_URL", "https://", "https://book.example.com"),
        ("KEPT_BASE_URL", "https://book.example.com/kept", "no path"),
        ("KEPT_BASE_URL", "https://book.example.com?x=1", "no path"),
        ("KEPT_BASE_URL", "https://book.example.com:http", "https://book.example.com"),
        ("KEPT_BASE_URL", "https://[::1", "https://book.example.com"),
        ("KEPT_BASE_URL", "https://me:secret@book.example.com", "no user name"),
        ("KEPT_BASE_URL", "https://book example.com", "https://book.example.com"),
        ("KEPT_SECRET_KEY", "short", "shorter than 32"),
        ("KEPT_DATA_DIR", "~nobody-of-this-name/kept", "full path"),
        ("KEPT_DATA_DIR", "/tmp/a\0b", "full path"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(folder, name, value, says):
    with pytest.raises(SettingError) as refused:
        env.read(settings(folder, **{name: value}))
    assert name in str(refused.value)
    assert says in str(refused.value)


def test_a_database_file_named_without_a_folder_lies_in_the_data_folder(folder):
    read = env.read(settings(folder, KEPT_DATABASE_URL="sqlite:///second%20try.sqlite3"))
    assert read.database["NAME"] == str(folder / "second try.sqlite3")


def test_a_database_file_with_its_full_path_lies_where_it_says(folder, tmp_path):
    read = env.read(settings(folder, KEPT_DATABASE_URL=f"sqlite:///{tmp_path}/kept.sqlite3"))
    assert read.database["NAME"] == str(tmp_path / "kept.sqlite3")


def test_a_data_folder_that_is_a_file_is_named(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(SettingError, match=r"KEPT_DATA_DIR .* cannot be made"):
        env.read(settings(file))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEPT_DATABASE_URL", "postgresql://kept:hunter2@h:port/db"),
        ("KEPT_DATABASE_URL", "postgresql://kept:hun#hunter2@h/db"),
        ("KEPT_DATABASE_URL", "hunter2@h/db"),
        ("KEPT_BASE_URL", "https://me:hunter2@book.example.com"),
        ("KEPT_SECRET_KEY", "hunter2"),
    ],
)
def test_no_secret_appears_in_a_refusal_nor_in_what_led_to_it(folder, name, value):
    with pytest.raises(SettingError) as refused:
        env.read(settings(folder, **{name: value}))
    shown = "".join(traceback.format_exception(refused.value, chain=True, limit=0))
    assert "hunter2" not in shown


def test_an_address_is_compared_in_one_form(folder):
    read = env.read(settings(folder, KEPT_BASE_URL="HTTPS://Book.Example.com:8443/"))
    assert read.base_url == "https://book.example.com:8443"
    assert read.host == "book.example.com"
    assert read.secure


def test_the_key_is_made_once_and_kept_for_its_owner_alone(folder):
    first = env.read({"KEPT_DATA_DIR": str(folder)})
    again = env.read({"KEPT_DATA_DIR": str(folder)})
    assert again.secret_key == first.secret_key
    assert stat.S_IMODE((folder / "secret-key").stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == ["secret-key"]


def test_a_start_in_the_middle_of_another_s_key_making_agrees_with_it(folder, monkeypatch):
    """The other start gets the whole of its key written just before ours is given its name."""
    folder.mkdir()
    link = env.os.link

    def be_second(source, target):
        monkeypatch.setattr(env.os, "link", link)
        other = env.read({"KEPT_DATA_DIR": str(folder)})
        others.append(other.secret_key)
        link(source, target)

    others = []
    monkeypatch.setattr(env.os, "link", be_second)
    ours = env.read({"KEPT_DATA_DIR": str(folder)})
    assert [ours.secret_key] == others
    assert [file.name for file in folder.iterdir()] == ["secret-key"]


def test_starts_at_the_same_moment_have_one_key(folder):
    folder.mkdir()
    gate, keys = threading.Barrier(8), []

    def start():
        gate.wait()
        keys.append(env.read({"KEPT_DATA_DIR": str(folder)}).secret_key)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


@pytest.mark.parametrize("damaged", [b"", b"too short\n", b"\xff\xfe" * 40])
def test_a_damaged_key_is_not_replaced_in_silence(folder, damaged):
    folder.mkdir()
    Path(folder / "secret-key").write_bytes(damaged)
    with pytest.raises(SettingError, match="restore it from a backup"):
        env.read({"KEPT_DATA_DIR": str(folder)})
    assert (folder / "secret-key").read_bytes() == damaged


def test_a_setting_that_nobody_reads_is_compared_by_what_is_its_own():
    said = {name: env.unknown({name: "x"})[0] for name in ("KEPT_BASE_ULR", "KEPT_FOO", "KEPT_")}
    assert said["KEPT_BASE_ULR"].endswith("; did you mean KEPT_BASE_URL?")
    for nothing_alike in ("KEPT_FOO", "KEPT_"):
        assert said[nothing_alike].endswith("and does nothing.")
    assert env.unknown({"KEPT_BASE_URL": "x", "HOME": "y"}) == []
