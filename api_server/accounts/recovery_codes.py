"""Recovery codes: each stands in for one code of an authenticator app, once, for when the phone is lost."""

import hashlib
import hmac
import re
import secrets

from api_server.accounts.users import User, Users

CODES = 10
GROUPS, GROUP_CHARS = 4, 4
"""16 characters of base32 are 80 random bits: an unsalted fast hash of them tells nobody anything."""
CODE_PATTERN = r"[A-Za-z2-7]{4}(?:[ -]?[A-Za-z2-7]{4}){3}"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_CODE = re.compile(CODE_PATTERN)


class RecoveryCodes:
    """Kept hashed in the user's document. Safe on any thread; everything raises Transient."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def renew(self, user: User) -> list[str]:
        """New codes, shown this once; those before are void."""
        codes = ["-".join(_group() for _ in range(GROUPS)) for _ in range(CODES)]
        self._users.edit(user.id, {"recovery_codes": dict.fromkeys((_hash(user.id, one) for one in codes), True)})
        return codes

    def use(self, user: User, code: str) -> bool:
        """Whether `code` is one of them, and was still unused: of two who send the same, one is right."""
        if not _CODE.fullmatch(code):
            return False
        given = _hash(user.id, code)
        is_one = False
        for known in user.recovery_codes:
            is_one |= hmac.compare_digest(known, given)
        return is_one and self._users.use_recovery_code(user.id, given)


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(GROUP_CHARS))


def _hash(user_id: str, code: str) -> str:
    plain = code.lower().replace("-", "").replace(" ", "")
    return hashlib.sha256(f"lookout recovery {user_id} {plain}".encode()).hexdigest()
