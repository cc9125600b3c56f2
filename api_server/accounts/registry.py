"""Keeping the accounts: inviting, roles, grants, disabling, deleting. All of it acts with the next request."""

import threading
from typing import Any

from api_server.access.permission import takes_grants
from api_server.access.subject import Right, Role
from api_server.accounts.api_tokens import ApiTokens
from api_server.accounts.first_grants import FirstGrants
from api_server.accounts.links import Link, make_link
from api_server.accounts.sessions import Sessions
from api_server.accounts.users import User, Users, UserState, make_user_id
from api_server.cameras.live_leases import LiveLeases
from common.clock import Clock

GRANTS_MAX = 2_000
"""On cameras, for one user: their document is read with every request."""


class NameTaken(Exception):
    """Somebody has that name."""


class LastAdmin(Exception):
    """Without this admin nobody could keep the accounts."""


class UserChanged(Exception):
    """The account is not at the version the request was made for."""


class GrantRefused(Exception):
    """The sentence says why."""


class UserRegistry:
    """Safe on any thread. Everything raises Transient when the database does not answer."""

    def __init__(
        self,
        users: Users,
        sessions: Sessions,
        tokens: ApiTokens,
        clock: Clock,
        first_grants: FirstGrants,
        live: LiveLeases,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._tokens = tokens
        self._first_grants = first_grants
        self._live = live
        self._clock = clock
        self._admins = threading.Lock()  # guards the count of admins between looking and changing: one process serves

    def invite(self, name: str, role: Role) -> tuple[User, Link]:
        """A new account without a password, and the link under which its person sets one. Raises NameTaken."""
        now_us = self._clock.wall_us()
        link = make_link(now_us)
        user = User(
            id=make_user_id(),
            name=name,
            role=role,
            password_hash="",  # nothing verifies against it
            created_us=now_us,
            state=UserState.INVITED,
            grants=dict(self._first_grants.of(role)),
        )
        user = user.model_copy(update=link.fields)
        if not self._users.add(user):
            raise NameTaken
        return user, link

    def renew_link(self, user: User) -> tuple[User, Link] | None:
        """A link for an account that is invited or active; one made before no longer works. None: it is gone."""
        link = make_link(self._clock.wall_us())
        changed = self._users.edit(user.id, link.fields)
        return (changed, link) if changed is not None else None

    def change(self, user: User, role: Role | None, is_disabled: bool | None, from_version: int | None) -> User | None:
        """Change role, or shut the account out, or let it in again. A disabled account's sessions are over. None: it is
        gone. Raises LastAdmin, UserChanged."""
        fields: dict[str, Any] = {}
        if role is not None:
            fields["role"] = role.value
        if is_disabled is True:
            now_us = self._clock.wall_us()
            fields |= {"state": UserState.DISABLED.value, "sessions_from_us": now_us, "link_hash": ""}
        elif is_disabled is False and user.state is UserState.DISABLED:
            # Somebody who never set a password is invited still.
            state = UserState.ACTIVE if user.password_hash else UserState.INVITED
            fields["state"] = state.value
        with self._admins:
            if (role not in (None, Role.ADMIN)) or is_disabled:
                self._require_other_admin(user.id)
            changed = self._users.edit(user.id, fields, from_version=from_version)
        if changed is not None and is_disabled:
            self._sessions.end_all(user.id)
        if changed is not None:
            self._live.recheck(user.id, changed.subject if changed.is_active else None)
        if changed is None and self._users.get(user.id) is not None:
            raise UserChanged
        return changed

    def grant(self, user: User, camera_id: str, right: Right) -> User | None:
        """Let `user` see or operate one camera. None: they are gone. Raises GrantRefused."""
        if right not in takes_grants(user.role):
            raise GrantRefused(_why_not(user.role))
        if camera_id not in user.grants and len(user.grants) >= GRANTS_MAX:
            raise GrantRefused(f"One person can be granted at most {GRANTS_MAX} cameras.")
        return self._users.edit(user.id, {f"grants.{camera_id}": right.value})

    def withdraw(self, user: User, camera_id: str) -> bool:
        """Whether there was such a grant."""
        if camera_id not in user.grants:
            return False
        changed = self._users.edit(user.id, {}, unset=(f"grants.{camera_id}",))
        self._live.recheck(user.id, changed.subject if changed is not None else None)
        return changed is not None

    def delete(self, user: User) -> bool:
        """Whether it existed. What it owns stays, and is owned by nobody: admins see it. Raises LastAdmin."""
        with self._admins:
            self._require_other_admin(user.id)
            is_gone = self._users.delete(user.id)
        self._sessions.end_all(user.id)
        self._tokens.end_all(user.id)
        self._live.recheck(user.id, None)
        return is_gone

    def end_sessions(self, user: User) -> None:
        self._users.edit(user.id, {"sessions_from_us": self._clock.wall_us()})
        self._sessions.end_all(user.id)
        self._live.recheck(user.id, None)

    def _require_other_admin(self, user_id: str) -> None:
        user = self._users.get(user_id)
        is_admin = user is not None and user.role is Role.ADMIN and user.is_active
        if is_admin and not self._users.has_other_admin(user_id):
            raise LastAdmin


def _why_not(role: Role) -> str:
    return {
        Role.ADMIN: "An admin sees every camera and needs no grant.",
        Role.AUDITOR: "An auditor reads the audit log and is granted no camera.",
        Role.VIEWER: "A viewer can be granted view, and nothing more.",
        Role.OPERATOR: "An operator can be granted view or operate.",
    }[role]
