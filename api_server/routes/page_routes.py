"""The web page: HTML shells that ES modules fill from the API, and the files they are made of."""

from flask import Response, render_template, request

from api_server.access.permission import Action, CameraFacts, may, may_on_some
from api_server.access.rules import Allowed, InPerson, OnCamera, OnClip, OnQuery, Public, SignedIn
from api_server.access.subject import Role
from api_server.accounts.sessions import csrf_token
from api_server.cameras.store import CameraStore
from api_server.http.errors import not_found
from api_server.http.route import Call, Route, View
from api_server.http.static_files import read_static
from api_server.settings import ApiSettings

PAGES = (
    ("/", "Cameras", Action.CAMERA_VIEW),
    ("/clips", "Clips", Action.CLIP_VIEW),
    ("/sightings", "Sightings", Action.CLIP_VIEW),
    ("/recordings", "Recordings", Action.RECORDING_VIEW),
    ("/queries", "Queries", Action.QUERY_VIEW),
    ("/status", "Status", Action.STATUS_VIEW),
    ("/kept", "Kept", Action.CAMERA_VIEW),
    ("/users", "Users", Action.USER_MANAGE),
    ("/audit", "Audit", Action.AUDIT_VIEW),
)
"""What the bar links to, for who could see anything there."""


def page_routes(cameras: CameraStore, settings: ApiSettings) -> list[Route]:
    """Every page and `/static/{name}`. What somebody may not do there is not offered; the API refuses it anyway."""
    files = read_static()

    def facts_of(call: Call) -> CameraFacts | None:
        """Of the camera that the page is about; of a query on an upload, whose it is."""
        if call.camera_found is not None:
            return call.camera_found.facts
        if call.query_found is not None and call.query_found.camera is None:
            return CameraFacts("", call.query_found.owner)
        about = call.clip_found or call.query_found
        if about is None or about.camera is None:
            return None
        camera = cameras.get(about.camera)
        return camera.facts if camera is not None else CameraFacts(about.camera, "")

    def page(template: str, title: str) -> View:
        def show(call: Call) -> Response:
            person = call.person

            def can(action: str, facts: CameraFacts | None = None) -> bool:
                return person is not None and may(person, Action(action), facts)

            return Response(
                render_template(
                    template,
                    title=title,
                    person=person,
                    can=can,
                    pages=[page[:2] for page in PAGES if person is not None and may_on_some(person, page[2])],
                    csrf=csrf_token(call.session_token) if call.person and call.session_token else "",
                    camera=call.camera_found,
                    clip=call.clip_found,
                    query=call.query_found,
                    facts=facts_of(call),
                    ingest_port=settings.ingest_port,
                    plate_reason=settings.plate_search_reason,
                    imports=sorted(settings.import_bucket_names),
                    sign_up=settings.sign_up.value,
                    totp_needed=settings.admin_totp and person is not None and person.role is Role.ADMIN,
                ),
                mimetype="text/html",
            )

        return show

    def static(call: Call) -> Response:
        file = files.get(str(call.path["name"]))
        if file is None:
            raise not_found()
        return file.answer(request)

    code = Public("the page's own code and looks hold nothing of anybody")
    return [
        Route(
            "GET",
            "/sign-in",
            Public("the form itself holds nothing"),
            page("sign_in.html", "Sign in"),
            "The sign-in page.",
            media="text/html",
        ),
        Route(
            "GET",
            "/set-password",
            Public("the link's secret is behind its #, which no server is sent"),
            page("set_password.html", "Set a password"),
            "The page that a link leads to.",
            media="text/html",
        ),
        Route(
            "GET",
            "/sign-up",
            Public("the form itself holds nothing"),
            page("sign_up.html", "Sign up"),
            "The page to make oneself an account, where that is allowed.",
            media="text/html",
        ),
        *(
            Route("GET", path, rule, page(template, title), f"Page: {title}.", media="text/html", is_page=True)
            for path, rule, template, title in (
                ("/", SignedIn(Action.CAMERA_VIEW), "cameras.html", "Cameras"),
                ("/cameras/<camera_id>", OnCamera(Action.CAMERA_VIEW), "camera.html", "Camera"),
                (
                    "/cameras/<camera_id>/analysis",
                    OnCamera(Action.CAMERA_EDIT),
                    "camera_analysis.html",
                    "Analyses and places",
                ),
                ("/clips", SignedIn(Action.CLIP_VIEW), "clips.html", "Clips"),
                ("/clips/<clip_id>", OnClip(Action.CLIP_VIEW), "clip.html", "Clip"),
                ("/exports", SignedIn(Action.EXPORT_VIEW), "exports.html", "Exports"),
                ("/sightings", SignedIn(Action.CLIP_VIEW), "sightings.html", "Sightings"),
                ("/recordings", SignedIn(Action.RECORDING_VIEW), "recordings.html", "Recordings"),
                ("/queries", SignedIn(Action.QUERY_VIEW), "queries.html", "Queries"),
                ("/queries/<query_id>", OnQuery(Action.QUERY_VIEW), "query.html", "Query"),
                ("/status", SignedIn(Action.STATUS_VIEW), "status.html", "Status"),
                ("/kept", SignedIn(Action.CAMERA_VIEW), "kept.html", "What is kept, and why"),
                ("/users", Allowed(Action.USER_MANAGE), "users.html", "Users"),
                ("/audit", Allowed(Action.AUDIT_VIEW), "audit.html", "Audit"),
                ("/account", InPerson(), "account.html", "Your account"),
            )
        ),
        Route("GET", "/static/<name>", code, static, "A file of the page.", media="application/octet-stream"),
    ]
