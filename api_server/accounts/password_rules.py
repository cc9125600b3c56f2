"""Which passwords people may choose (NIST SP 800-63B, 5.1.1.2: length counts, recipes do not)."""

from api_server.accounts.passwords import PASSWORD_MAX_CHARS

PASSWORD_MIN_CHARS = 12
DISTINCT_MIN = 5
_ALONE = ("password", "passwort", "lookout", "qwerty", "qwertz", "letmein", "admin", "welcome", "12345", "abcdef")
"""What guessers try first; a password that is little more than one of these is none."""


class PasswordRefused(ValueError):
    """The sentence says what is wrong with it."""


def check_new_password(password: str, user_name: str) -> None:
    """Raises PasswordRefused."""
    if len(password) < PASSWORD_MIN_CHARS:
        raise PasswordRefused(f"The password needs at least {PASSWORD_MIN_CHARS} characters. A few words do well.")
    if len(password) > PASSWORD_MAX_CHARS:
        raise PasswordRefused(f"The password can have at most {PASSWORD_MAX_CHARS} characters.")
    folded = password.casefold()
    left = folded
    for word in (*_ALONE, user_name.partition("@")[0]):
        left = left.replace(word, "") if len(word) > 2 else left
    if len(left) < PASSWORD_MIN_CHARS // 2 or len(set(folded)) < DISTINCT_MIN:
        raise PasswordRefused("The password is too easy to guess. A few unrelated words do well.")
