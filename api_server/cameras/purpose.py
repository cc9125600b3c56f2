"""The gate of analyses of people: which stated purposes are refused (DESIGN 9)."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from common.contracts.camera_settings import EMOTION, PURPOSE_FIELDS, RECOGNITION, Purpose

LONGEST_S = 365 * 24 * 3600
"""A purpose is stated anew at least once a year."""
_US = 1_000_000
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_REFUSED_TEXT = (
    # English
    "work working worker workers workplace workplaces workforce workspace workstation workshop coworker coworkers "
    "coworking employee employees employer employment staff office offices job jobs colleague colleagues "
    "interview interviews applicant applicants hiring recruitment recruiting hr productivity factory warehouse "
    "education educational school schools schooling pupil pupils student students teacher teachers teaching "
    "class classes classroom classrooms lesson lessons university universities college campus lecture lectures exam "
    "exams homework kindergarten preschool apprentice apprentices trainee trainees proctoring "
    # German
    "arbeit arbeiten arbeitsplatz arbeitsplaetze arbeitszeit arbeitnehmer mitarbeiter mitarbeiterin mitarbeitende "
    "beschaeftigte beschaeftigten angestellte buero fabrik bewerbung bewerber bewerbungsgespraech "
    "schule schulen schueler schuelerin schuelerinnen unterricht klasse klassenzimmer lehrer lehrerin universitaet "
    "hochschule student studenten studierende pruefung pruefungen bildung ausbildung azubi kita kindergarten "
    # French, Spanish, Italian
    "travail emploi employe employes employee salarie salaries bureau collegue ecole ecoles eleve eleves etudiant "
    "etudiants classe universite enseignement trabajo trabajador trabajadores empleado empleados oficina escuela "
    "alumno alumnos estudiante estudiantes clase universidad educacion lavoro lavoratore lavoratori dipendente "
    "dipendenti ufficio scuola studente studenti alunni universita istruzione esame"
)
_REFUSED_WORDS = frozenset(_REFUSED_TEXT.split())
_REFUSED_OF_PERSONS = (
    # English
    "police policing sheriff prosecution enforcement crime crimes criminal criminals offender offenders "
    "suspect suspects fugitive fugitives deportation immigration race racial ethnic ethnicity origin religion "
    "religious belief beliefs political politics protest protesters demonstrators union orientation "
    # German
    "polizei fahndung strafverfolgung verdaechtige verdaechtiger straftat straftaeter kriminelle herkunft religion "
    "ethnie politisch politische gewerkschaft demonstranten "
    # French, Spanish, Italian
    "suspects criminels origine croyance politique syndicat manifestants policia delito delincuentes sospechosos "
    "origen religion politica sindicato polizia reato sospetti origine religione politica sindacato"
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What one analysis asks of a purpose. `words`: whatever has one of them is refused; `law`: why, for people."""

    analysis: str
    title: str
    words: frozenset[str]
    law: str

    @property
    def field(self) -> str:
        """In requests and answers; the codes of errors begin with it."""
        return PURPOSE_FIELDS[self.analysis]

    @property
    def subject(self) -> str:
        """`The purpose of emotion analysis`"""
        return f"The purpose of {self.title[0].lower()}{self.title[1:]}"


GATES: Mapping[str, Gate] = {
    gate.analysis: gate
    for gate in (
        Gate(
            EMOTION,
            "Emotion analysis",
            _REFUSED_WORDS,
            "Emotion analysis of people at work or in education is prohibited by the EU AI Act, Art. 5(1)(f)",
        ),
        Gate(
            RECOGNITION,
            "Face recognition",
            _REFUSED_WORDS | frozenset(_REFUSED_OF_PERSONS.split()),
            "Face recognition is not for people at work or in education, who can hardly refuse (GDPR, Art. 7 and 9), "
            "nor for searching by the police or sorting by origin or belief (EU AI Act, Art. 5(1)(g) and (h))",
        ),
    )
}


class PurposeMissing(Exception):
    """An analysis of people was asked for without saying why and until when."""

    def __init__(self, analysis: str) -> None:
        super().__init__(analysis)
        self.gate = GATES[analysis]


class PurposeRefused(Exception):
    """`code` is machine-readable, the text a sentence for the person who asked."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_purpose(analysis: str, purpose: Purpose, now_us: int) -> None:
    """Raises PurposeRefused for what the analysis is not for, and for an expiry in the past or more than a year ahead.

    Words are all a program can look at: whoever states a purpose answers for it, and it is listed with the camera.
    """
    gate = GATES[analysis]
    refused = sorted(_words(purpose.text) & gate.words)
    if refused:
        raise PurposeRefused(f"{gate.field}_refused", f"{gate.law}; this purpose speaks of it ({', '.join(refused)}).")
    if purpose.expires_us <= now_us:
        raise PurposeRefused(f"{gate.field}_expired", f"{gate.subject} must expire in the future.")
    if purpose.expires_us > now_us + LONGEST_S * _US:
        raise PurposeRefused(f"{gate.field}_too_long", f"{gate.subject} must expire within a year; state it anew then.")


def _words(text: str) -> frozenset[str]:
    folded = text.casefold().translate(_UMLAUTS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return frozenset(re.findall(r"[a-z]+", plain))
