"""Whether the analyses found what the demo scenes show."""

from collections.abc import Iterable, Mapping
from typing import Any

from camera_client.demo import PLATES

HAPPY = "happy"


def letters(text: str) -> str:
    """Upper-case letters and digits only: how plates are compared."""
    return "".join(c for c in text.upper() if c.isascii() and c.isalnum())


def plates_found(sightings: Iterable[Mapping[str, Any]]) -> set[str]:
    """Which of the drawn plates were read, of sightings as the API gives them."""
    read = {letters(s["text"]) for s in sightings if s.get("text")}
    return read & set(PLATES)


def plate_problems(sightings: Iterable[Mapping[str, Any]], shown: Iterable[str]) -> list[str]:
    """`shown`: the plates that drove through. Each must be among the sightings, and no other text."""
    read = {letters(s["text"]) for s in sightings if s.get("text")}
    wanted = set(shown)
    problems = []
    if missing := wanted - read:
        problems.append(f"plates that were shown and not found: {sorted(missing)}")
    if wrong := read - set(PLATES):
        problems.append(f"plates that nobody has: {sorted(wrong)}")
    return problems


def emotion_problems(sightings: Iterable[Mapping[str, Any]]) -> list[str]:
    """The face of the demo smiles: every sighting of it is `happy`, and there is one."""
    labels = [s.get("label") for s in sightings]
    if not labels:
        return ["no face was found"]
    others = sorted({str(label) for label in labels if label != HAPPY})
    return [f"the smiling face was also taken for {others}"] if others else []
