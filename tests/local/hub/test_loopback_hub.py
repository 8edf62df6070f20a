"""The loopback hub over real HTTP: what the Hub's API answers, and what goes wrong on demand."""

import hashlib
import json
import os
from http.client import IncompleteRead
from urllib.parse import urljoin, urlsplit

import pytest
import urllib3
from urllib3.exceptions import HTTPError, ProtocolError

from bedrock_customization_local.cloud.hub import Access, Host, Hub, HubFault, HubFaultKind

REPOSITORY = "acme/tiny"
CONFIG = b'{"architectures": ["LlamaForCausalLM"]}'
WEIGHTS = os.urandom(300_000)


@pytest.fixture(scope="module")
def http():
    with urllib3.PoolManager(retries=False) as pool:
        yield pool


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "config.json").write_bytes(CONFIG)
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "sub").mkdir()
    (folder / "sub" / "notes & more.txt").write_text("notes")
    return folder


@pytest.fixture
def hub(folder):
    with Hub() as hub:
        hub.publish(REPOSITORY, folder)
        yield hub


@pytest.fixture
def get(hub, http):
    """Ask the hub for a path, following redirects by hand; the token goes to the hub only."""

    def ask(path, token=None, method="GET", *, follow=True, **headers):
        url = urljoin(hub.url, path)
        while True:
            mine = urlsplit(url).netloc == urlsplit(hub.url).netloc
            bearer = {"authorization": f"Bearer {token}"} if token and mine else {}
            reply = http.request(method, url, headers=headers | bearer)
            if not follow or reply.status not in {302, 307}:
                return reply
            url = urljoin(url, reply.headers["Location"])

    return ask


def sha(get):
    return get(f"/api/models/{REPOSITORY}").json()["sha"]


def test_a_model_is_told_with_its_commit_and_its_files(get):
    told = get(f"/api/models/{REPOSITORY}/revision/main?blobs=true").json()
    assert (told["id"], told["private"], told["gated"]) == (REPOSITORY, False, False)
    assert len(told["sha"]) == 40
    files = {one.pop("rfilename"): one for one in told["siblings"]}
    assert list(files) == ["config.json", "model.safetensors", "sub/notes & more.txt"]
    blob = hashlib.sha1(b"blob %d\0" % len(CONFIG) + CONFIG, usedforsecurity=False).hexdigest()
    assert files["config.json"] == {"size": len(CONFIG), "blobId": blob}
    large = files["model.safetensors"]
    assert large["lfs"]["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    assert large["size"] == large["lfs"]["size"] == len(WEIGHTS)
    assert 100 < large["lfs"]["pointerSize"] < 150
    tree = get(f"/api/models/{REPOSITORY}/tree/main?recursive=true").json()
    assert [one["path"] for one in tree] == list(files)
    assert [one["oid"] for one in tree] == [one["blobId"] for one in files.values()]
    assert tree[1]["lfs"]["oid"] == large["lfs"]["sha256"]
    without = get(f"/api/models/{REPOSITORY}").json()["siblings"]
    assert without[0] == {"rfilename": "config.json"}


def test_the_licence_of_a_model_is_that_of_its_page(hub, get, tmp_path):
    assert get(f"/api/models/{REPOSITORY}").json()["tags"] == []
    page = "---\nlanguage: en\nlicense: llama3.1\n---\n# Licensed\n\nlicense: none of this\n"
    (tmp_path / "README.md").write_text(page)
    hub.publish("acme/licensed", tmp_path)
    assert get("/api/models/acme/licensed").json()["tags"] == ["license:llama3.1"]


def test_a_commit_stays_when_its_branch_moves_on(hub, get, tmp_path):
    first = sha(get)
    (tmp_path / "config.json").write_text("{}")
    second = hub.publish(REPOSITORY, tmp_path)
    assert sha(get) == second != first
    assert get(f"/{REPOSITORY}/resolve/main/config.json").data == b"{}"
    assert get(f"/{REPOSITORY}/resolve/{first}/config.json").data == CONFIG
    assert hub.publish("acme/copy", tmp_path, revision="v1") == second


def test_a_small_file_comes_from_the_hub_behind_a_redirect_of_its_own(get):
    redirect = get(f"/{REPOSITORY}/resolve/main/config.json", follow=False, method="HEAD")
    assert redirect.status == 307
    assert redirect.headers["Location"].startswith("/api/resolve-cache/models/acme/tiny/")
    assert redirect.headers["X-Linked-Size"] == str(len(CONFIG))
    assert redirect.headers["X-Repo-Commit"] == sha(get)
    reply = get(f"/{REPOSITORY}/resolve/main/config.json")
    assert (reply.status, reply.data) == (200, CONFIG)
    assert reply.headers["ETag"] == redirect.headers["X-Linked-ETag"]
    assert reply.headers["X-Repo-Commit"] == redirect.headers["X-Repo-Commit"]
    assert get(f"/{REPOSITORY}/resolve/main/sub/notes%20%26%20more.txt").data == b"notes"


def test_a_large_file_comes_from_another_host(hub, get):
    redirect = get(f"/{REPOSITORY}/resolve/main/model.safetensors", follow=False)
    assert redirect.status == 302
    assert redirect.headers["X-Linked-Size"] == str(len(WEIGHTS))
    assert redirect.headers["X-Linked-ETag"] == f'"{hashlib.sha256(WEIGHTS).hexdigest()}"'
    location = redirect.headers["Location"]
    assert urlsplit(location).hostname != urlsplit(hub.url).hostname
    reply = get(f"/{REPOSITORY}/resolve/main/model.safetensors", token=hub.token)
    assert reply.data == WEIGHTS
    assert reply.headers["ETag"] != redirect.headers["X-Linked-ETag"], "the CDN's own"
    assert [one.headers.get("authorization") for one in hub.requests if one.host is Host.CDN] == [
        None
    ]
    assert get(location.partition("?")[0]).status == 403, "the address must be signed"
    assert get(location[:-1] + "g").status == 403


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_ranges_of_bytes_are_answered(get, name):
    content = CONFIG if name == "config.json" else WEIGHTS
    path = f"/{REPOSITORY}/resolve/main/{name}"
    part = get(path, range="bytes=5-24")
    assert (part.status, part.data) == (206, content[5:25])
    assert part.headers["Content-Range"] == f"bytes 5-24/{len(content)}"
    assert get(path, range="bytes=7-").data == content[7:]
    assert get(path, range="bytes=-4").data == content[-4:]
    assert get(path, range=f"bytes={len(content)}-").status == 416
    assert get(path, **{"range": "bytes=0-1", "if-range": '"another"'}).status == 200
    same = {"range": "bytes=0-1", "if-range": part.headers["ETag"]}
    assert get(path, **same).status == 206
    assert get(path, **{"if-match": '"another"'}).status == 412
    head = get(path, method="HEAD")
    assert (head.headers["Content-Length"], head.data) == (str(len(content)), b"")


def test_a_gated_model_is_seen_by_all_and_read_by_whoever_was_granted_access(hub, get, folder):
    hub.publish("acme/gated", folder, access=Access.GATED)
    assert get("/api/models/acme/gated").json()["gated"] == "manual"
    path = "/acme/gated/resolve/main/config.json"
    for token, status in ((None, 401), (hub.stranger_token, 403)):
        refused = get(path, token)
        assert (refused.status, refused.headers["X-Error-Code"]) == (status, "GatedRepo")
    assert get(path, hub.token).data == CONFIG
    assert get("/acme/gated/resolve/main/model.safetensors", hub.token).data == WEIGHTS


def test_a_private_model_does_not_exist_for_others(hub, get, folder):
    hub.publish("acme/private", folder, access=Access.PRIVATE)
    for repository in ("acme/private", "acme/missing"):
        for path in (f"/api/models/{repository}", f"/{repository}/resolve/main/config.json"):
            for token, status in ((None, 401), (hub.stranger_token, 404)):
                refused = get(path, token)
                assert (refused.status, refused.headers["X-Error-Code"]) == (status, "RepoNotFound")
    assert get("/api/models/acme/private", hub.token).json()["private"] is True
    assert get("/acme/private/resolve/main/config.json", hub.token).data == CONFIG


def test_what_is_not_there_is_refused_by_name(get):
    for path, code in (
        (f"/api/models/{REPOSITORY}/revision/v9", "RevisionNotFound"),
        (f"/{REPOSITORY}/resolve/v9/config.json", "RevisionNotFound"),
        (f"/{REPOSITORY}/resolve/main/missing.json", "EntryNotFound"),
        (f"/{REPOSITORY}/resolve/main/..%2F..%2Fetc%2Fpasswd", "EntryNotFound"),
        ("/nothing", None),
    ):
        refused = get(path)
        assert (refused.status, refused.headers.get("X-Error-Code")) == (404, code)
        assert refused.json()["error"] == refused.headers["X-Error-Message"]
    assert get(f"/api/models/{REPOSITORY}", token="hf_wrong").status == 401


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (HubFaultKind.UNAUTHORIZED, 401),
        (HubFaultKind.FORBIDDEN, 403),
        (HubFaultKind.NOT_FOUND, 404),
        (HubFaultKind.THROTTLE, 429),
        (HubFaultKind.SERVER_ERROR, 500),
    ],
)
def test_a_request_is_refused_on_demand_and_the_next_is_not(hub, get, kind, status):
    hub.faults.inject(HubFault(kind=kind, seconds=3))
    refused = get(f"/api/models/{REPOSITORY}")
    assert refused.status == status
    assert refused.headers.get("Retry-After") == ("3" if status == 429 else None)
    assert get(f"/api/models/{REPOSITORY}").status == 200
    assert hub.faults.injected == (kind.value,)


def test_a_body_breaks_off_in_its_middle_on_demand(hub, get):
    path = f"/{REPOSITORY}/resolve/main/model.safetensors"
    for kind in (HubFaultKind.RESET, HubFaultKind.TRUNCATE):
        hub.faults.inject(HubFault(kind=kind, host=Host.CDN))
    with pytest.raises(ProtocolError) as reset:
        get(path)
    assert isinstance(reset.value.args[1], ConnectionResetError)
    with pytest.raises(ProtocolError) as truncated:
        get(path)
    assert isinstance(truncated.value.args[1], IncompleteRead)
    assert get(path).data == WEIGHTS


def test_a_hub_lies_on_demand(hub, get):
    path = f"/{REPOSITORY}/resolve/main/model.safetensors"
    hub.faults.inject(
        HubFault(kind=HubFaultKind.WRONG_BYTES, host=Host.CDN),
        HubFault(kind=HubFaultKind.WRONG_SIZE, times=2),
    )
    told = get(f"/api/models/{REPOSITORY}?blobs=true").json()["siblings"]
    assert [one["size"] for one in told] == [len(CONFIG) + 1, len(WEIGHTS) + 1, 6]
    redirect = get(path, follow=False)
    assert redirect.headers["X-Linked-Size"] == str(len(WEIGHTS) + 1)
    wrong = get(path).data
    assert len(wrong) == len(WEIGHTS)
    differing = [n for n, pair in enumerate(zip(wrong, WEIGHTS, strict=True)) if len({*pair}) > 1]
    assert differing == [len(WEIGHTS) // 2]
    assert get(path).data == WEIGHTS


def test_a_slow_body_outlasts_an_impatient_client(hub, http, get):
    hub.faults.inject(HubFault(kind=HubFaultKind.SLOW, seconds=0.3))
    with pytest.raises(HTTPError):
        http.request("GET", f"{hub.url}/api/models/{REPOSITORY}", timeout=0.05)
    assert json.loads(get(f"/api/models/{REPOSITORY}").data)["id"] == REPOSITORY


def test_a_redirect_to_a_foreign_host_shows_who_takes_the_token_along(hub, http):
    hub.faults.inject(HubFault(kind=HubFaultKind.REDIRECT, path="/api/*"))
    headers = {"authorization": f"Bearer {hub.token}"}
    moved = http.request(
        "GET", f"{hub.url}/api/models/{REPOSITORY}", headers=headers, redirect=False
    )
    assert moved.status == 302
    assert moved.headers["Location"] == f"{hub.cdn_url}/api/models/{REPOSITORY}"
    careless = http.request("GET", moved.headers["Location"], headers=headers)
    assert careless.json()["id"] == REPOSITORY, "it answers without asking who it is"
    (seen,) = [one for one in hub.requests if one.host is Host.CDN]
    assert hub.token in seen.headers["authorization"]


def test_a_share_of_the_requests_fails_the_same_way_in_every_run(hub, get):
    def outcomes():
        fault = HubFault(kind=HubFaultKind.SERVER_ERROR, times=None, share=0.5, seed=7)
        hub.faults.inject(fault)
        found = [get(f"/api/models/{REPOSITORY}").status for _ in range(20)]
        hub.faults.clear()
        return found

    first = outcomes()
    assert {200, 500} == set(first)
    assert outcomes() == first


def test_two_hubs_have_tokens_of_their_own(hub):
    with Hub() as other:
        assert len({hub.token, hub.stranger_token, other.token, other.stranger_token}) == 4
        assert other.url != hub.url
