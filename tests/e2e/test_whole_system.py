"""The whole system with real servers: what `make smoke` proves, and a consumer killed in mid-window."""

from collections.abc import Iterator

import pytest

from common.contracts.camera_settings import EMOTION
from common.contracts.sidecar import Fate
from infra.native.stack import Stack
from tests.e2e import verdict
from tests.e2e.scenario import CLIP_MS, FACE, Evidence, Scenario, opened_scenario, temporary_system

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

QUIET_RUN_S = 34.0
"""Every plate of the demo once, two whole windows."""
KILL_RUN_S = 22.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    lines: list[str] = []
    with temporary_system(lines.append) as system:
        yield system.stack


@pytest.fixture(scope="module")
def scenario(stack: Stack) -> Iterator[Scenario]:
    with opened_scenario(stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def quiet_run(scenario: Scenario) -> Evidence:
    """Nothing goes wrong."""
    return scenario.run(QUIET_RUN_S)


def test_system_acknowledged_frames_are_stored_exactly_once_by_each_analysis(quiet_run: Evidence) -> None:
    assert verdict.exactly_once(quiet_run) == []


def test_system_every_clip_decodes_to_the_frames_its_sidecar_states(quiet_run: Evidence) -> None:
    assert verdict.sound_files(quiet_run.clips) == []


def test_system_plates_are_found_and_the_face_is_happy(quiet_run: Evidence) -> None:
    assert verdict.right_findings(quiet_run) == []


def test_system_range_request_is_answered_206_with_these_bytes(scenario: Scenario, quiet_run: Evidence) -> None:
    assert verdict.answers_ranges(scenario.person, quiet_run.clips) == []


def test_system_cameras_are_seen_by_who_is_signed_in_only(scenario: Scenario, quiet_run: Evidence) -> None:
    assert {camera["id"] for camera in scenario.person.get("/v1/cameras").json()["cameras"]} == set(
        scenario.cameras.values()
    )
    assert scenario.person.status_without_session(f"/v1/clips/{quiet_run.clips[0].clip}/video") == 401


@pytest.fixture(scope="module")
def killed_run(scenario: Scenario, quiet_run: Evidence) -> Evidence:
    """The emotion consumer is killed in the middle of a window and started again by its supervisor."""
    assert quiet_run is not None
    is_killed = False

    def kill_once(after_s: float) -> None:
        nonlocal is_killed
        if after_s > 0.5 * CLIP_MS / 1000 and not is_killed:
            scenario.stack.kill(EMOTION, hold=False)
            is_killed = True

    return scenario.run(KILL_RUN_S, kill_once)


def test_consumer_killed_in_mid_window_every_frame_is_in_exactly_one_clip(
    scenario: Scenario, killed_run: Evidence
) -> None:
    assert scenario.stack.starts_of(EMOTION) == 2
    assert verdict.exactly_once(killed_run) == []
    assert verdict.sound_files(killed_run.clips) == []


def test_consumer_killed_in_mid_window_searches_the_same_frames_again(killed_run: Evidence) -> None:
    # A replay decides by the log alone which frames are searched: at 10 frames/s and 100 ms nearly all of them.
    for clip in killed_run.clips_of(EMOTION, killed_run.cameras[FACE]):
        fates = clip.sidecar.counts()
        assert set(fates) <= {Fate.ANALYSED.value, Fate.CARRIED.value}, clip.clip
        assert fates.get(Fate.ANALYSED.value, 0) > 0, clip.clip
