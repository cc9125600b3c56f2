"""The emotion gate: which stated purposes are refused (DESIGN 9)."""

import re
import unicodedata

from common.contracts.camera_settings import EmotionPurpose

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


class PurposeRefused(Exception):
    """`code` is machine-readable, the text a sentence for the person who asked."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_purpose(purpose: EmotionPurpose, now_us: int) -> None:
    """Raises PurposeRefused for work and education, and for an expiry in the past or more than a year ahead.

    Words are all a program can look at: whoever states a purpose answers for it, and it is listed with the camera.
    """
    refused = sorted(_words(purpose.text) & _REFUSED_WORDS)
    if refused:
        raise PurposeRefused(
            "emotion_purpose_refused",
            "Emotion analysis of people at work or in education is prohibited by the EU AI Act, Art. 5(1)(f); "
            f"this purpose speaks of it ({', '.join(refused)}).",
        )
    if purpose.expires_us <= now_us:
        raise PurposeRefused("emotion_purpose_expired", "The purpose of emotion analysis must expire in the future.")
    if purpose.expires_us > now_us + LONGEST_S * _US:
        raise PurposeRefused(
            "emotion_purpose_too_long", "The purpose of emotion analysis must expire within a year; state it anew then."
        )


def _words(text: str) -> frozenset[str]:
    folded = text.casefold().translate(_UMLAUTS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return frozenset(re.findall(r"[a-z]+", plain))
