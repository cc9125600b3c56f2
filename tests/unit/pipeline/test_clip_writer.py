import itertools
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import av
import numpy as np
import pytest

from common.errors import EncoderFailure
from consumers.pipeline.encoder.clip_writer import LAST_FRAME_MAX_MS, LAST_FRAME_MS, ClipWriter
from consumers.pipeline.encoder.mp4_boxes import check_streamable, read_boxes
from tests.unit.pipeline.making import decode_clip, make_picture


def write(path: Path, times: list[int], width: int = 64, height: int = 48) -> int:
    writer = ClipWriter(path, width, height)
    for n, pts_ms in enumerate(times):
        writer.write(make_picture(width, height, value=40 + 7 * n % 200), pts_ms)
    return writer.finish()


def test_writer_variable_rate_keeps_every_time_and_picture(tmp_path: Path) -> None:
    times = [0, 1, 2, 140, 141, 900, 4000, 60_123, 61_000]
    size = write(tmp_path / "a.mp4", times)
    frames = decode_clip(tmp_path / "a.mp4")
    assert [pts for pts, _ in frames] == times
    for n, (_, picture) in enumerate(frames):
        assert abs(float(picture.mean()) - (40 + 7 * n % 200)) < 4
    assert size == (tmp_path / "a.mp4").stat().st_size


def test_writer_index_stands_before_pictures(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [0, 100, 200])
    kinds = [box.kind for box in read_boxes(tmp_path / "a.mp4")]
    assert kinds[0] == "ftyp"
    assert kinds.index("moov") < kinds.index("mdat")


def test_writer_stream_is_plain_h264_with_colours_named(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [0, 100])
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.has_b_frames) == ("h264", "yuv420p", 0)
        assert (int(context.colorspace), int(context.color_range)) == (6, 1)
        assert float(stream.time_base or 0) == 0.001


@pytest.mark.parametrize(
    ("times", "last"),
    [([0], LAST_FRAME_MS), ([0, 40, 80], 40), ([0, 100, 30_000], LAST_FRAME_MAX_MS), ([0, 1], 1)],
)
def test_writer_last_frame_is_shown_as_long_as_the_one_before(tmp_path: Path, times: list[int], last: int) -> None:
    write(tmp_path / "a.mp4", times)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].duration == times[-1] + last


def test_writer_key_frame_at_least_every_five_seconds(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", list(range(0, 21_000, 500)))
    with av.open(str(tmp_path / "a.mp4")) as container:
        keys = [packet.pts for packet in container.demux(video=0) if packet.is_keyframe and packet.pts is not None]
    assert keys[0] == 0
    assert all(b - a <= 5_500 for a, b in itertools.pairwise(keys))


@pytest.mark.parametrize(("width", "height"), [(2, 2), (8, 8), (16, 2), (322, 246), (642, 482), (2, 400)])
def test_writer_small_and_uneven_sizes(tmp_path: Path, width: int, height: int) -> None:
    writer = ClipWriter(tmp_path / "a.mp4", width, height)
    picture = np.full((height, width, 3), (40, 90, 200), np.uint8)
    for n in range(3):
        writer.write(picture, n * 100)
    writer.finish()
    frames = decode_clip(tmp_path / "a.mp4")
    assert len(frames) == 3
    assert all(p.shape == (height, width, 3) for _, p in frames)
    assert np.abs(frames[0][1].astype(int) - (40, 90, 200)).mean() < 12


def test_writer_reports_growing_bytes(tmp_path: Path) -> None:
    seen: list[int] = []
    writer = ClipWriter(tmp_path / "a.mp4", 64, 48, seen.append)
    for n in range(5):
        writer.write(make_picture(value=50 * n), n * 100)
    writer.finish()
    assert seen == sorted(seen)
    assert seen[0] > 0


def test_writer_abort_deletes_the_file_and_may_repeat(tmp_path: Path) -> None:
    writer = ClipWriter(tmp_path / "a.mp4", 64, 48)
    writer.write(make_picture(), 0)
    writer.abort()
    writer.abort()
    assert list(tmp_path.iterdir()) == []


def test_writer_missing_folder_is_an_encoder_failure(tmp_path: Path) -> None:
    with pytest.raises(EncoderFailure):
        ClipWriter(tmp_path / "nowhere" / "a.mp4", 64, 48)


def test_writer_picture_of_another_size_is_an_encoder_failure(tmp_path: Path) -> None:
    writer = ClipWriter(tmp_path / "a.mp4", 64, 48)
    with pytest.raises(EncoderFailure):
        writer.write(make_picture(32, 32), 0)
    writer.abort()


def test_writer_time_that_does_not_grow_is_an_encoder_failure(tmp_path: Path) -> None:
    writer = ClipWriter(tmp_path / "a.mp4", 64, 48)
    writer.write(make_picture(), 5)

    def write_again() -> None:
        writer.write(make_picture(), 5)
        writer.finish()

    with pytest.raises(EncoderFailure):
        write_again()
    writer.abort()


@pytest.mark.parametrize("limit", [3_000, 40_000, 90_000])
def test_writer_full_disk_is_an_encoder_failure_and_leaves_nothing(tmp_path: Path, limit: int) -> None:
    """A file size limit stands for a full disk: writes fail in mid-file, and while the index is moved to the front."""
    program = f"""
        import resource, signal, sys
        import numpy as np
        from pathlib import Path
        from common.errors import EncoderFailure
        from consumers.pipeline.encoder.clip_writer import ClipWriter
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        path = Path(sys.argv[1])
        noise = np.random.default_rng(1)
        writer = ClipWriter(path, 160, 120)
        try:
            for n in range(12):
                writer.write(noise.integers(0, 255, (120, 160, 3), dtype=np.uint8), n * 100)
            writer.finish()
        except EncoderFailure as error:
            writer.abort()
            print("failed", path.exists())
        else:
            print("finished", path.stat().st_size)
    """
    arguments = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "a.mp4")]
    outcome = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    assert outcome.stdout.split() == ["failed", "False"], outcome.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != limit


def test_boxes_cut_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [0, 100, 200])
    data = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(data[:-10])
    with pytest.raises(ValueError, match="claims"):
        check_streamable(tmp_path / "a.mp4")
