import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import ConfigurationError, EncoderFailure
from consumers.pipeline.spool import Spool


def test_spool_counts_what_its_clips_report(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1000)
    first, second = spool.reserve(), spool.reserve()
    assert first.video != second.video
    first.set_bytes(300)
    second.set_bytes(500)
    first.set_bytes(400)
    assert spool.used_bytes == 900
    first.remove()
    first.remove()
    assert spool.used_bytes == 500


def test_spool_full_refuses_growth_and_new_clips(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1000)
    slot = spool.reserve()
    with pytest.raises(EncoderFailure):
        slot.set_bytes(1001)
    with pytest.raises(EncoderFailure):
        spool.reserve()
    slot.remove()
    spool.reserve()


def test_spool_full_still_has_room_for_uploads(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1000)
    spool.reserve().set_bytes(1000)
    upload = spool.reserve(is_for_upload=True)
    upload.set_bytes(5000)
    assert spool.used_bytes == 6000


def test_spool_remove_deletes_all_files_of_a_clip(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    slot = spool.reserve()
    for path in (slot.video, slot.path(".jpg"), slot.path(".0.jpg")):
        path.write_bytes(b"x")
    other = spool.reserve()
    other.video.write_bytes(b"x")
    slot.remove()
    assert [path.name for path in spool.directory.iterdir()] == [other.video.name]


def test_spool_start_removes_what_the_dead_left_and_nothing_else(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from consumers.pipeline.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]))\n"
        "spool.reserve().video.write_bytes(b'x' * 100)\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=60)
    assert len([p for p in tmp_path.iterdir() if p.is_dir()]) == 1
    alive = Spool(tmp_path)
    alive.reserve().video.write_bytes(b"x")
    late = Spool(tmp_path)
    assert {p.name for p in tmp_path.iterdir() if p.is_dir()} == {alive.directory.name, late.directory.name}
    assert len(list(alive.directory.iterdir())) == 1


def test_spool_close_leaves_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.reserve().video.write_bytes(b"x")
    spool.close()
    spool.close()
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_spool_unusable_directory_is_a_configuration_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigurationError):
        Spool(tmp_path / "spool")


def test_spool_file_in_place_of_directory_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "spool").write_bytes(b"x")
    with pytest.raises(ConfigurationError):
        Spool(tmp_path / "spool")
