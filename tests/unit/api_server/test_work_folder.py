"""The folder of a film worker: its own while it lives, gone afterwards, whatever ended it."""

import subprocess
import sys
from pathlib import Path

from api_server.exports.work_folder import work_folder

HOLDS_ONE = """
import sys
from pathlib import Path
from api_server.exports.work_folder import work_folder
with work_folder(Path(sys.argv[1])) as own:
    (own / "clip.mp4").write_bytes(b"x")
    print(own, flush=True)
    sys.stdin.read()
"""


def test_folder_is_gone_afterwards(tmp_path: Path) -> None:
    with work_folder(tmp_path / "films") as own:
        (own / "clip.mp4").write_bytes(b"x")
    assert list((tmp_path / "films").iterdir()) == []


def test_folder_of_another_worker_stays_until_that_one_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS_ONE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        with work_folder(tmp_path) as own:
            assert own != theirs
            assert (theirs / "clip.mp4").exists()
        other.kill()
        other.wait(20)
    assert theirs.exists()
    with work_folder(tmp_path):
        assert not theirs.exists()


def test_folder_without_a_lock_is_removed(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with work_folder(tmp_path) as own:
        assert list(tmp_path.iterdir()) == [own]
