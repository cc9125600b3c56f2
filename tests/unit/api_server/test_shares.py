"""Share links: one clip, for whoever holds the link, until it expires or is withdrawn."""

import pytest

from api_server.accounts.users import UserState
from api_server.database.schema import SHARES
from api_server.routes.share_routes import OPEN_MAX
from api_server.shares.store import FORGOTTEN_AFTER_S, ShareStore
from tests.unit.api_server.world import Browser, World, make_sidecar, make_sighting


def clip_of(world: World, owner: str) -> str:
    camera = world.add_camera(owner)
    return world.add_clip(make_sidecar(camera.id, sightings=(make_sighting(),))).clip_id


def share(browser: Browser, clip: str, **body: object) -> dict[str, object]:
    answer = browser.send("POST", f"/v1/clips/{clip}/shares", body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    found = answer.get_json()
    assert isinstance(found, dict)
    return found


def token_of(made: dict[str, object]) -> str:
    return str(made["path"]).removeprefix("/s/")


def test_share_plays_that_clip_to_whoever_holds_the_link(world: World) -> None:
    ann, stranger = world.signed_in("ann"), world.browser()
    clip = clip_of(world, "ann")
    made = share(ann, clip, hours=2, note="for the insurer")
    token = token_of(made)
    page = stranger.get(str(made["path"]))
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert f"/v1/shared/{token}/video" in page.get_data(as_text=True)
    facts = stranger.get(f"/v1/shared/{token}").get_json()
    assert (facts["duration_ms"], facts["expires_us"]) == (world.record(clip).duration_ms, made["expires_us"])
    assert set(facts) == {"t0_us", "duration_ms", "width", "height", "expires_us", "video"}
    whole = stranger.get(facts["video"])
    assert whole.data == world.store.read(world.record(clip).clip_id.video_key)
    part = stranger.get(facts["video"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, whole.data[10:20])
    (listed,) = ann.get(f"/v1/clips/{clip}/shares").get_json()["shares"]
    assert (listed["plays"], listed["note"], listed["made_by"], listed["open"]) == (1, "for the insurer", "ann", True)
    assert "path" not in listed
    assert stranger.get(f"/v1/clips/{clip}/video").status_code == 401
    entries = [(e.action, e.actor, e.by, e.target) for e in world.parts.audit.page({}, 50, None)]
    assert ("share.play", "", listed["id"], clip) in entries
    assert [e[0] for e in entries].count("share.play") == 1
    assert ("share.create", "usr-ann", "session", clip) in entries
    assert token not in str(world.database.snapshot()["audit"])


def test_share_is_kept_as_a_hash(world: World) -> None:
    made = share(world.signed_in("ann"), clip_of(world, "ann"))
    (document,) = world.database.collection(SHARES).find({})
    assert token_of(made) not in str(document)


@pytest.mark.parametrize(
    "how",
    ["expired", "withdrawn", "clip deleted", "camera deleted", "maker gone", "maker disabled", "camera given away"],
)
def test_share_that_ended_is_as_if_it_had_never_been(world: World, how: str) -> None:
    ann, stranger = world.signed_in("ann"), world.browser()
    clip = clip_of(world, "ann")
    made = share(ann, clip, hours=1)
    camera = world.cameras.get(world.record(clip).camera)
    assert camera is not None
    if how == "expired":
        world.clock.advance(3601)
    elif how == "withdrawn":
        assert ann.send("DELETE", f"/v1/clips/{clip}/shares/{made['id']}").status_code == 204
        assert ann.send("DELETE", f"/v1/clips/{clip}/shares/{made['id']}").status_code == 204
    elif how == "clip deleted":
        ann.send("DELETE", f"/v1/clips/{clip}")
    elif how == "camera deleted":
        ann.send("DELETE", f"/v1/cameras/{camera.id}")
    elif how == "maker gone":
        world.users.delete("usr-ann")
    elif how == "maker disabled":
        world.users.edit("usr-ann", {"state": UserState.DISABLED.value})
    else:
        assert world.cameras.replace(camera.model_copy(update={"owner": "usr-bob", "version": 9}), camera.version)
    never = stranger.get("/v1/shared/sh_" + "a" * 43)
    for path in (f"/v1/shared/{token_of(made)}", f"/v1/shared/{token_of(made)}/video", str(made["path"])):
        answer = stranger.get(path)
        assert answer.status_code == 404
        if path.startswith("/v1/"):
            assert answer.get_json()["message"] == never.get_json()["message"]


def test_share_is_never_a_link_to_the_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    world = World(tmp_path_factory.mktemp("world"), public_url="https://store.example")
    ann = world.signed_in("ann")
    clip = clip_of(world, "ann")
    assert ann.get(f"/v1/clips/{clip}/video").status_code == 302
    assert world.browser().get(f"/v1/shared/{token_of(share(ann, clip))}/video").status_code == 200


def test_share_is_withdrawn_by_its_own_clip_alone(world: World) -> None:
    ann, bob = world.signed_in("ann"), world.signed_in("bob")
    hers, his = clip_of(world, "ann"), clip_of(world, "bob")
    made = share(ann, hers)
    assert bob.send("DELETE", f"/v1/clips/{his}/shares/{made['id']}").status_code == 404
    assert bob.send("DELETE", f"/v1/clips/{hers}/shares/{made['id']}").status_code == 404
    assert world.browser().get(f"/v1/shared/{token_of(made)}").status_code == 200


@pytest.mark.parametrize(
    "body", [{"hours": 0}, {"hours": 721}, {"hours": "1"}, {"note": "a\x00b"}, {"note": "x" * 201}, {"x": 1}]
)
def test_share_with_a_bad_body_is_refused(world: World, body: dict[str, object]) -> None:
    ann = world.signed_in("ann")
    assert ann.send("POST", f"/v1/clips/{clip_of(world, 'ann')}/shares", body).status_code == 400


def test_shares_of_a_clip_are_bounded_and_forgotten(world: World) -> None:
    ann = world.signed_in("ann")
    clip = clip_of(world, "ann")
    for _ in range(OPEN_MAX):
        share(ann, clip)
    assert ann.send("POST", f"/v1/clips/{clip}/shares", {}).get_json()["code"] == "too_many_links"
    store = ShareStore(world.database, world.clock)
    world.clock.advance(25 * 3600)
    assert store.forget() == 0
    world.clock.advance(FORGOTTEN_AFTER_S)
    assert store.forget() == OPEN_MAX
