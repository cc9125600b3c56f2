"""The first admin: made once, whoever starts first, with a password that lies in one file."""

from pathlib import Path

from api_server.access.subject import Role
from api_server.accounts.passwords import Passwords, make_password
from api_server.accounts.secret_file import read_or_make
from api_server.accounts.users import NO_FACTOR, User, Users, make_user_id
from common.clock import Clock
from common.errors import ConfigurationError

ADMIN_NAME = "admin"
FIRST_ADMIN_FILE = "first-admin"


def ensure_first_admin(users: Users, passwords: Passwords, var_dir: Path, clock: Clock) -> User:
    """The first admin, made if there is none. Raises Transient, and ConfigurationError when `var_dir` is not writable.

    1. The password is in the file, complete, before the account is: a crash in between loses nothing.
    2. Of several processes one makes the file and all read it, so whoever inserts first inserts the same password.
    """
    existing = users.first_admin()
    if existing is not None:
        return existing
    password = _password_in(var_dir / FIRST_ADMIN_FILE)
    users.add(
        User(
            id=make_user_id(),
            name=ADMIN_NAME,
            role=Role.ADMIN,
            password_hash=passwords.hash(password),
            created_us=clock.wall_us(),
        )
    )
    admin = users.first_admin()
    if admin is None:
        raise ConfigurationError(f"The user name {ADMIN_NAME} belongs to somebody who is no admin.")
    return admin


def reset_admin(users: Users, passwords: Passwords, var_dir: Path, clock: Clock) -> tuple[str, str]:
    """(name, new password) of the first admin. Every session of theirs ends; a second factor goes, because whoever runs
    this has the database; and so does the file with the first password, which would be wrong. Raises ConfigurationError
    when there is no admin yet."""
    admin = users.first_admin()
    if admin is None:
        raise ConfigurationError("There is no admin yet: start the API server once, it makes one.")
    password = make_password()
    users.set_password(admin.id, passwords.hash(password), clock.wall_us())
    users.edit(admin.id, NO_FACTOR)
    (var_dir / FIRST_ADMIN_FILE).unlink(missing_ok=True)
    return admin.name, password


def _password_in(path: Path) -> str:
    """The password in the file, made if it is not there."""
    name, _, password = read_or_make(path, lambda: f"{ADMIN_NAME} {make_password()}").partition(" ")
    if name != ADMIN_NAME or not password:
        raise ConfigurationError(f"{path} does not hold a first admin. Remove it, and a new one is made.")
    return password
