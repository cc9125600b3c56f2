"""Whether somebody who began something long is still who they were."""

from api_server.access.subject import Subject
from api_server.accounts.api_tokens import ApiTokens
from api_server.accounts.sessions import Sessions
from api_server.accounts.users import User, Users
from api_server.http.errors import ApiError
from api_server.http.route import Call


class Recheck:
    """For answers that go on after the gate. Safe on any thread. Looking does not count as using the session."""

    def __init__(self, users: Users, sessions: Sessions, tokens: ApiTokens) -> None:
        self._users = users
        self._sessions = sessions
        self._tokens = tokens

    def subject(self, call: Call) -> Subject:
        """Who asked, with the role and grants of now. Raises ApiError 401 when their session or token, or they
        themselves, are gone, and Transient."""
        person = call.subject
        if person.scopes is None:
            user = self._sessions.user_of(call.session)
        else:
            is_there = any(token.handle == person.token_id for token in self._tokens.of(person.user_id))
            user = self._users.get(person.user_id) if is_there else None
        if user is None or not user.is_active:
            raise ApiError(401, "not_signed_in", "Sign in first.")
        return _as_before(user, person)


def _as_before(user: User, person: Subject) -> Subject:
    return user.subject if person.scopes is None else user.subject_by_token(person.token_id, person.scopes)
