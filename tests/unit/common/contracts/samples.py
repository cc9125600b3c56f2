"""Sidecars for tests."""

from hypothesis import strategies as st

from common.contracts.detection import Detection, ModelInfo, Sighting
from common.contracts.sidecar import Fate, FrameDetections, FrameEntry, Origin, Sidecar

ORIGIN = Origin(topic="frames", topic_id="1Yw1GQFkRq-8LkMH2eSQHA", partition=3)
SESSION = "s" * 22
START_MS = 1_767_312_000_000
T0_US = START_MS * 1000


def make_entry(
    offset: int, fate: Fate = Fate.ANALYSED, seq: int | None = None, pts_ms: int | None = None
) -> FrameEntry:
    return FrameEntry(
        offset=offset,
        log_ms=START_MS + offset,
        fate=fate,
        session=SESSION,
        seq=offset if seq is None else seq,
        captured_us=T0_US + offset * 1000,
        ingested_us=T0_US + offset * 1000 + 500,
        pts_ms=offset if pts_ms is None and fate is not Fate.DEAD_LETTER else pts_ms,
    )


def make_sidecar(frames: int = 3) -> Sidecar:
    """`frames` analysed frames at offsets 0, 1, ..., one happy face."""
    happy = Detection(box=(1, 2, 30, 40), kind="face", score=0.9, label="happy", scores={"happy": 0.9}, track=0)
    return Sidecar(
        analysis="emotion",
        camera="demo-face",
        start_ms=START_MS,
        length_ms=10_000,
        origin=ORIGIN,
        t0_us=T0_US,
        frame_count=frames,
        width=640,
        height=480,
        settings_version=2,
        complete=True,
        entries=tuple(make_entry(n) for n in range(frames)),
        detections=(FrameDetections(pts_ms=0, items=(happy,)),),
        sightings=(
            Sighting(
                n=0,
                kind="face",
                label="happy",
                confidence=0.9,
                scores={"happy": 0.9},
                first_us=T0_US,
                last_us=T0_US + 2000,
                frames=frames,
                box=(1, 2, 30, 40),
                best_pts_ms=0,
                track=0,
            ),
        ),
        model=ModelInfo(name="fer", version="22.5", sha256="0" * 64),
        notes=("size changed",),
    )


entries = st.builds(
    FrameEntry,
    offset=st.integers(0, 2**60),
    log_ms=st.integers(0, 10**13),
    fate=st.sampled_from(Fate),
    session=st.none() | st.just(SESSION),
    seq=st.none() | st.integers(0, 2**63 - 1),
    captured_us=st.none() | st.integers(0, 2**53),
    pts_ms=st.none() | st.integers(0, 300_000),
    note=st.none() | st.text(max_size=20),
)
sidecars = st.builds(
    lambda many: make_sidecar().model_copy(update={"entries": tuple(many)}), st.lists(entries, min_size=1, max_size=20)
)
