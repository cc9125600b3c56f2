"""The box of dead letters: the records of topic `dead-letters` that nobody has dealt with yet.

A letter's number is its offset in that topic. Dealing with one appends a note to the same topic (key `handled`, header
`letter`); nothing is deleted before its retention, so what was done can be read later.
"""

from dataclasses import dataclass, field

from common.contracts.dead_letter import DeadLetter
from common.contracts.frame import AnalysisRequest, FrameHeaders, decode_headers, encode_headers
from common.errors import LookoutError, PoisonRecord
from common.jpeg import NotAJpeg, read_header
from common.kafka.ports import Delivery, LogReader, RecordProducer
from common.kafka.whole_topic import read_topic

NOTE_KEY = b"handled"


class LetterRefused(LookoutError):
    """What was asked cannot be done with this letter; the text is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `number`: its offset in `dead-letters`. `handled`: `replayed`, `dropped`, or None while open."""

    number: int
    origin: DeadLetter
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: list[tuple[str, bytes]] = field(repr=False)
    handled: str | None = None

    @property
    def camera(self) -> str:
        return (self.key or b"-").decode("utf-8", "replace")


def read_letters(log: LogReader, topic: str) -> list[Letter]:
    """Every letter still retained, oldest first, with what was done about it. Raises Transient."""
    letters: list[Letter] = []
    handled: dict[int, str] = {}
    for record in read_topic(log, topic):
        if record.key == NOTE_KEY:
            note = {name: value.decode("ascii", "replace") for name, value in record.headers}
            if note.get("letter", "").isdigit():
                handled[int(note["letter"])] = note.get("action", "handled")
            continue
        try:
            origin, headers = DeadLetter.from_headers(record.headers)
        except ValueError:
            continue
        letters.append(Letter(record.offset, origin, record.key, record.value, headers))
    return [Letter(one.number, one.origin, one.key, one.value, one.headers, handled.get(one.number)) for one in letters]


def replayable_frame(letter: Letter) -> FrameHeaders:
    """The frame as it would go back into the log: for the analysis that failed and no other.

    The other analyses have stored it already, perhaps longer ago than they remember identities: a replay they saw would
    be stored twice. Raises LetterRefused for what would only come back.
    """
    if letter.handled is not None:
        raise LetterRefused(f"Letter {letter.number} was {letter.handled} already.")
    try:
        frame = decode_headers(letter.headers)
        header = read_header(letter.value or b"")
    except PoisonRecord as error:
        raise LetterRefused(f"Letter {letter.number} can never be processed: {error}.") from error
    except NotAJpeg as error:
        raise LetterRefused(f"Letter {letter.number} can never be processed: {error}") from error
    request = frame.request_for(letter.origin.analysis) or AnalysisRequest(letter.origin.analysis)
    return FrameHeaders(
        session=frame.session,
        seq=frame.seq,
        captured_at_us=frame.captured_at_us,
        ingested_at_us=frame.ingested_at_us,
        width=header.width,
        height=header.height,
        settings_version=frame.settings_version,
        analyses=(request,),
        clip_ms=frame.clip_ms,
        policy=frame.policy,
        captured_flag=frame.captured_flag,
        traceparent=frame.traceparent,
    )


def replay(letter: Letter, producer: RecordProducer, frames_topic: str, letters_topic: str) -> Delivery:
    """Append the frame to its partition again, then note it. Raises LetterRefused, Transient.

    Should the note fail, a second replay is a duplicate that the consumer recognises by (session, seq).
    """
    headers = encode_headers(replayable_frame(letter))
    delivery = producer.send_and_wait(frames_topic, letter.key, letter.value, headers, letter.origin.partition)
    note(letter, "replayed", producer, letters_topic)
    return delivery


def note(letter: Letter, action: str, producer: RecordProducer, letters_topic: str) -> None:
    """Append what was done about a letter. Raises Transient."""
    headers = [("letter", str(letter.number).encode()), ("action", action.encode())]
    producer.send_and_wait(letters_topic, NOTE_KEY, b"", headers)
