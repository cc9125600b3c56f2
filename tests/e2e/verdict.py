"""All checks over one run: what is wrong, and the figures."""

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camera_client.demo import PLATES
from camera_client.demo.cars import SECONDS_PER_CAR
from camera_client.tally import Outcome
from common.contracts.camera_settings import EMOTION, LICENSE_PLATE, RECORDER
from tests.e2e.api_person import ApiPerson
from tests.e2e.checks.boxes import layout_problems
from tests.e2e.checks.film import decode_film, film_problems, stripe_problems
from tests.e2e.checks.findings import emotion_problems, plate_problems
from tests.e2e.checks.identities import identity_problems, offset_problems
from tests.e2e.checks.promptness import freshness_p95_s, last_clip_delay_s, promptness_problems
from tests.e2e.checks.searches import searches_per_s
from tests.e2e.lag import LagSample
from tests.e2e.scenario import CARS, FACE, FPS, Evidence
from tests.e2e.stored_clip import StoredClip

ANALYSES = (RECORDER, EMOTION, LICENSE_PLATE)
SHOWN_SHARE = 0.9
LAG_GROWTH_MAX = 2 * 2 * FPS
"""Messages: two seconds of two cameras. More than that between the middle and the end of a run is growth."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `check`: the name of what found it."""

    check: str
    problem: str


def exactly_once(evidence: Evidence) -> list[Finding]:
    """Acknowledged = stored, each once, for every camera and analysis."""
    found = [] if evidence.is_all_listed else [Finding("listed", "not every clip was listed in time")]
    for camera, journal in evidence.journals.items():
        for analysis in ANALYSES:
            sidecars = [clip.sidecar for clip in evidence.clips_of(analysis, camera)]
            problems = identity_problems(journal, sidecars) + offset_problems(sidecars)
            found += [Finding("exactly_once", f"{camera} {analysis}: {problem}") for problem in problems]
    return found


def sound_files(clips: Iterable[StoredClip]) -> list[Finding]:
    """Every file is laid out for streaming, decodes to what its sidecar states, and shows the frames it says."""
    found = []
    for clip in clips:
        try:
            film = decode_film(clip.data)
        except ValueError as error:
            found.append(Finding("decodes", f"{clip.clip}: {error}"))
            continue
        found += [Finding("layout", f"{clip.clip}: {problem}") for problem in layout_problems(clip.data)]
        found += [Finding("decodes", f"{clip.clip}: {problem}") for problem in film_problems(film, clip.sidecar)]
        # Analysis clips are drawn on; only the recorder keeps the stripe as it came.
        if clip.sidecar.analysis == RECORDER:
            found += [Finding("stripes", f"{clip.clip}: {problem}") for problem in stripe_problems(film, clip.sidecar)]
    return found


def right_findings(evidence: Evidence) -> list[Finding]:
    """The plates that drove through are found, the face is happy."""
    cars, face = evidence.cameras[CARS], evidence.cameras[FACE]
    plates = [s for s in evidence.sightings if (s["camera"], s["analysis"]) == (cars, LICENSE_PLATE)]
    faces = [s for s in evidence.sightings if (s["camera"], s["analysis"]) == (face, EMOTION)]
    journal = evidence.journals[cars]
    shown = plates_shown([line.captured_us for line in journal if line.outcome is Outcome.ACKNOWLEDGED])
    return [Finding("plates", problem) for problem in plate_problems(plates, shown)] + [
        Finding("emotion", problem) for problem in emotion_problems(faces)
    ]


def plates_shown(captured_us: Iterable[int]) -> list[str]:
    """The plates of the cars whose way through the scene is in acknowledged frames, nine in ten of it at least: a
    camera keeps the newest frame when a machine is too busy to take all."""
    times = sorted(captured_us)
    cars = Counter(int((time_us - times[0]) / 1e6 // SECONDS_PER_CAR) for time_us in times)
    return [plate for number, plate in enumerate(PLATES) if cars[number] >= SHOWN_SHARE * SECONDS_PER_CAR * FPS]


def answers_ranges(person: ApiPerson, clips: Iterable[StoredClip]) -> list[Finding]:
    """A player may ask for any part of a clip: 206, exactly these bytes, and where they lie."""
    found = []
    for clip in clips:
        first, last, total = 100, 299, len(clip.data)
        answer = person.video_range(clip.clip, first, last)
        stated = answer.headers.get("Content-Range")
        if answer.status_code != 206:
            found.append(Finding("range", f"{clip.clip}: answered {answer.status_code}, not 206"))
        elif answer.content != clip.data[first : last + 1] or stated != f"bytes {first}-{last}/{total}":
            found.append(Finding("range", f"{clip.clip}: other bytes than asked for ({stated})"))
    return found


def prompt(evidence: Evidence) -> list[Finding]:
    """Clips are listed in time, and the lag does not grow."""
    found = [Finding("promptness", problem) for problem in promptness_problems(evidence.listings)]
    growth = lag_growth(evidence.lags)
    if growth > LAG_GROWTH_MAX:
        found.append(Finding("lag", f"the lag grew by {growth:.0f} messages in the second half"))
    return found


def lag_growth(lags: Iterable[LagSample]) -> float:
    """How much further behind the worst analysis is at the end than it was in the middle, in messages."""
    by_analysis: dict[str, list[float]] = {}
    for sample in sorted(lags, key=lambda s: s.after_s):
        by_analysis.setdefault(sample.analysis, []).append(sample.messages)
    growths = [
        values[-1] - statistics.median(values[len(values) // 3 : -1] or values) for values in by_analysis.values()
    ]
    return max(growths, default=0.0)


def figures(evidence: Evidence) -> dict[str, Any]:
    """The numbers of a run, rounded for people."""
    last_s = max((sample.after_s for sample in evidence.lags), default=0.0)
    per_analysis = {
        analysis: searches_per_s(clip.sidecar for clip in evidence.clips if clip.sidecar.analysis == analysis)
        for analysis in (EMOTION, LICENSE_PLATE)
    }
    frames = {
        word: sum(int(summary[word]) for summary in evidence.summaries.values())
        for word in ("acknowledged", "refused", "dropped", "unknown", "retries")
    }
    return {
        "searches_per_s": round(sum(per_analysis.values()), 1),
        "searches_per_s_by_analysis": {analysis: round(value, 1) for analysis, value in per_analysis.items()},
        "end_lag": {s.analysis: round(s.messages) for s in evidence.lags if s.after_s == last_s},
        "freshness_p95_s": round(freshness_p95_s(evidence.listings), 2) if evidence.listings else None,
        "freshness_p95_s_by_analysis": {
            analysis: round(freshness_p95_s(listings), 2)
            for analysis in ANALYSES
            if (listings := [one for one in evidence.listings if one.analysis == analysis])
        },
        "last_clip_s": round(last_clip_delay_s(evidence.listings), 2) if evidence.listings else None,
        "cores": round(sum(evidence.cores.values()), 2),
        "cores_by_process": {name: cores for name, cores in evidence.cores.items() if cores >= 0.01},
        "cpu_ms_a_frame": {
            analysis: round(evidence.cpu_s.get(analysis, 0.0) * 1000 / max(1, frames["acknowledged"]), 1)
            for analysis in ANALYSES
        },
        "clips": len(evidence.clips),
        "frames": frames,
        "plates": len({s["text"] for s in evidence.sightings if s.get("text")}),
    }


def folder_mb(folder: Path) -> float:
    """What lies under a folder, in 10^6 bytes, as allocated on disk (sparse files count what they take)."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_blocks * 512 if path.is_file() and not path.is_symlink() else 0
        except OSError:
            continue  # a segment that was just deleted
    return round(total / 1e6, 1)
