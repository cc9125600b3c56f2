"""Makes what the runtime's tests need: records, headers, sidecars, assignments."""

from common.contracts.frame import TICK_HEADERS, AnalysisRequest, FrameHeaders, Policy, encode_headers
from common.contracts.sidecar import Fate, FrameEntry, Origin, Sidecar
from common.contracts.window import Window
from common.contracts.work import AdmittedFrame, WindowOpening
from common.kafka.ports import Record, TopicPartition
from consumers.runtime.assignment import Assignment, CameraState, Phase
from consumers.runtime.camera_window import CameraWindow
from consumers.runtime.ownership import LoopSigns, Ownership
from consumers.runtime.strands import FrameStep, Strand, WindowWork

ANALYSIS = "recorder"
CAMERA = "cam-a"
PARTITION = TopicPartition("frames", 0)
ORIGIN = Origin(topic="frames", topic_id="topic-id", partition=0)
SESSION = "session-0123456789"
T0_MS = 1_700_000_000_000


def make_headers(seq: int = 1, clip_ms: int = 5_000, every_ms: int | None = None, live: bool = False) -> FrameHeaders:
    return FrameHeaders(
        session=SESSION,
        seq=seq,
        captured_at_us=T0_MS * 1000,
        ingested_at_us=T0_MS * 1000,
        width=64,
        height=48,
        settings_version=1,
        analyses=(AnalysisRequest(ANALYSIS, every_ms),),
        clip_ms=clip_ms,
        policy=Policy.LIVE if live else Policy.EVERY_FRAME,
    )


def make_record(
    offset: int,
    timestamp_ms: int = T0_MS,
    camera: str | None = CAMERA,
    headers: FrameHeaders | None = None,
    body: bytes | None = b"jpeg",
) -> Record:
    key = None if camera is None else camera.encode()
    return Record("frames", 0, offset, timestamp_ms, key, body, encode_headers(headers or make_headers(offset)))


def make_tick(offset: int, timestamp_ms: int = T0_MS) -> Record:
    return Record("frames", 0, offset, timestamp_ms, None, None, TICK_HEADERS)


def make_entry(offset: int, log_ms: int = T0_MS, fate: Fate = Fate.ANALYSED, seq: int | None = None) -> FrameEntry:
    shown = None if fate in (Fate.DUPLICATE, Fate.DEAD_LETTER) else offset
    return FrameEntry(
        offset=offset, log_ms=log_ms, fate=fate, session=SESSION, seq=offset if seq is None else seq, pts_ms=shown
    )


def make_sidecar(*entries: FrameEntry, window: Window | None = None, origin: Origin = ORIGIN) -> Sidecar:
    window = window or Window(T0_MS, 5_000)
    return Sidecar(
        analysis=ANALYSIS,
        camera=CAMERA,
        start_ms=window.start_ms,
        length_ms=window.length_ms,
        origin=origin,
        t0_us=0,
        frame_count=len(entries),
        width=64,
        height=48,
        settings_version=1,
        entries=entries,
    )


def make_ownership(now_s: float = 0.0, limit_s: float = 60.0) -> Ownership:
    return Ownership(LoopSigns(now_s, session_timeout_s=10.0), limit_s)


def make_assignment(phase: Phase = Phase.READING, next_offset: int = 0) -> Assignment:
    assignment = Assignment(PARTITION, 1, make_ownership(), phase=phase, topic_id=ORIGIN.topic_id)
    assignment.next_offset = assignment.start_offset = next_offset
    return assignment


def make_strand(camera: str = CAMERA) -> Strand:
    return Strand(PARTITION, 1, camera)


def make_work(number: int = 1, window: Window | None = None) -> WindowWork:
    return WindowWork(number, WindowOpening(ANALYSIS, CAMERA, window or Window(T0_MS, 5_000), ORIGIN, 1))


def make_step(strand: Strand, work: WindowWork, offset: int, body: bytes = b"jpeg") -> FrameStep:
    frame = AdmittedFrame(CAMERA, 0, offset, T0_MS, make_headers(offset), work.opening.window, searched=True, jpeg=body)
    return FrameStep(strand, work, frame, 64 * 48 * 3)


def add_window(
    assignment: Assignment, number: int, first_offset: int, window: Window, clock_before_ms: int | None = None
) -> CameraWindow:
    """An open window, as admission makes it."""
    camera = assignment.cameras.setdefault(CAMERA.encode(), CameraState(CAMERA, make_strand()))
    made = CameraWindow(number, CAMERA, window, first_offset, clock_before_ms, T0_MS, make_work(number, window))
    camera.open_windows[window] = made
    camera.chain.append(made)
    assignment.unsettled[number] = made
    assignment.refresh_next_end()
    return made
