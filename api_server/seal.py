"""Sealing what the database must not give away alone: the key lies in a file in LOOKOUT_VAR_DIR."""

import threading
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from api_server.accounts.secret_file import read_or_make
from common.errors import ConfigurationError


class Seal:
    """Safe on any thread. The file is made when it is first needed; everything raises ConfigurationError when it cannot
    be had. `what`: the things sealed with it, for the sentence that says so."""

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        self._what = what
        self._lock = threading.Lock()  # guards the key, which is read when it is first needed
        self._fernet: Fernet | None = None

    def close(self, text: str) -> str:
        """`text`, sealed (Fernet: AES-128-CBC with HMAC-SHA256)."""
        return self._key().encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Raises ConfigurationError for another key's."""
        try:
            return self._key().decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise ConfigurationError(f"{self._path} is not the key that sealed the {self._what}.") from error

    def _key(self) -> Fernet:
        with self._lock:
            if self._fernet is None:
                key = read_or_make(self._path, lambda: Fernet.generate_key().decode())
                try:
                    self._fernet = Fernet(key.encode())
                except ValueError as error:
                    raise ConfigurationError(f"{self._path} does not hold a key.") from error
            return self._fernet
