"""What becomes of an upload: it plays as it is, its packets are copied, it is encoded anew, or a sentence says why not.

Runs in the process that opens the file (`__main__`).
"""

from pathlib import Path
from typing import IO

from common.contracts.playable import SENTENCE_MAX_CHARS
from consumers.playable.look import Found, UnusableVideo, look
from consumers.playable.packet_copy import CannotCopy, copy_packets
from consumers.playable.wire import Order, Verdict


def prepare(file: IO[bytes], order: Order) -> Verdict:
    """The ways in their order: none, copying with its sound, without, encoding. Of what a file can cause it raises
    MemoryError alone."""
    path = Path(order.path)
    try:
        found = look(file, order.size)
    except UnusableVideo as error:
        return Verdict(state="impossible", note=_short(str(error)), problem=_short(str(error)))
    if found.plays_as_it_is:
        return _verdict(found, "original")
    for with_sound in (True, False):
        if found.made_as is None or (with_sound and not found.kept_sound):
            continue
        try:
            duration_ms = copy_packets(file, found.made_as, path, with_sound=with_sound)
        except CannotCopy:
            continue
        left_out = found.sound is not None and not with_sound
        note = f"For playing its sound ({found.sound}) is left out; the download has it." if left_out else None
        return _verdict(found, "made", note).model_copy(update={"media": found.made_as, "duration_ms": duration_ms})
    return _encoded(file, found, path, order.work_s)


def _encoded(file: IO[bytes], found: Found, path: Path, work_s: float) -> Verdict:
    from consumers.playable.encoding import CannotEncode, Pace, encode  # noqa: PLC0415  OpenCV: a copy does without

    why = "Its packets cannot be copied" if found.has_played_codec else f"Browsers do not play {found.codec}"
    try:
        duration_ms = encode(file, path, Pace(found.duration_ms, work_s))
    except CannotEncode as error:
        sentence = f"{why}, and it cannot be encoded anew: {error}. It can be downloaded and queried."
        return _verdict(found, "impossible", _short(sentence))
    sound = ", without its sound" if found.sound is not None else ""
    made = _verdict(found, "made", f"{why}: for playing it was encoded anew{sound}.")
    return made.model_copy(update={"media": "video/mp4", "duration_ms": duration_ms})


def _verdict(found: Found, state: str, note: str | None = None) -> Verdict:
    return Verdict.model_validate(
        {
            "state": state,
            "note": note,
            "duration_ms": found.duration_ms,
            "width": found.width,
            "height": found.height,
            "codec": found.codec,
        }
    )


def _short(sentence: str) -> str:
    return sentence[:SENTENCE_MAX_CHARS]
