"""A hub that refuses, breaks off, lies or sends elsewhere: over real connections, whole files."""

import hashlib
import logging

import pytest

from bedrock_customization_local.cloud.hub import Access, Host, HubFault, HubFaultKind
from bedrock_customization_runtime.errors import (
    ModelCorrupted,
    ModelSourceRefused,
    ModelSourceUnavailable,
)
from bedrock_customization_runtime.model_import import finishing, staging
from bedrock_customization_runtime.model_import.sources.hub_requests import HubRequests

MEBIBYTE = 2**20
NAMES = ["config.json", "model.safetensors"]
PASSING = [
    HubFaultKind.THROTTLE,
    HubFaultKind.SERVER_ERROR,
    HubFaultKind.RESET,
    HubFaultKind.TRUNCATE,
]
REFUSING = {
    HubFaultKind.UNAUTHORIZED: "401 RepoNotFound.*name a token",
    HubFaultKind.FORBIDDEN: "403 GatedRepo.*accept the conditions",
    HubFaultKind.NOT_FOUND: "404 EntryNotFound.*check repo and revision",
}
MOST_REQUESTS = 24
"""Of six attempts, each with its redirects."""


@pytest.fixture
def files(noise):
    """A small file, and a large one of three parts."""
    return {"config.json": b"{}", "model.safetensors": noise(11 * MEBIBYTE)}


@pytest.fixture
def repo(publish, files):
    """A gated repository of them."""
    return publish("owner/faulty", files, access=Access.GATED)


@pytest.fixture
def inject(hub):
    """Let something go wrong, until the test ends."""

    def one(kind, **settings):
        hub.faults.inject(HubFault(kind=kind, **{"times": None, **settings}))

    yield one
    hub.faults.clear()


@pytest.fixture
def asked(hub):
    """Return what was asked since the test began."""
    before = len(hub.requests)
    return lambda: hub.requests[before:]


@pytest.fixture
def stage(s3, begin, hub, look, repo, plenty):
    """Copy the repository: twice is once, and what is missing."""
    repository = look(repo, token=hub.token)
    scratch, made = begin(repository, NAMES)

    def all_of_it():
        for number in range(len(made.batches)):
            assert staging.stage(s3, repository, made, number, remaining_ms=plenty)
        for number in range(len(made.files)):
            finishing.finish(s3, scratch, made, number)

    return all_of_it


@pytest.mark.parametrize("kind", PASSING)
def test_a_listing_that_fails_is_asked_for_again(repo, look, inject, pauses, hub, kind):
    inject(kind, times=3)
    assert len(look(repo, token=hub.token).pinned.files) == 2
    assert len(pauses) == 3


@pytest.mark.parametrize("kind", PASSING)
def test_a_listing_that_never_comes_is_asked_for_a_few_times(repo, look, inject, asked, kind):
    inject(kind)
    with pytest.raises(ModelSourceUnavailable, match=r"6 times in a row.*redrive"):
        look(repo)
    assert len(asked()) == 6


@pytest.mark.parametrize(("kind", "told"), REFUSING.items())
def test_a_listing_that_is_refused_is_asked_for_once(repo, look, inject, asked, pauses, kind, told):
    inject(kind)
    with pytest.raises(ModelSourceRefused, match=told):
        look(repo)
    assert len(asked()) == 1
    assert pauses == []


@pytest.mark.parametrize(("kind", "told"), REFUSING.items())
def test_files_that_are_refused_are_not_asked_for_again(stage, inject, asked, kind, told):
    inject(kind, path="*/resolve/*")
    with pytest.raises(ModelSourceRefused, match=told.replace("name a token", "token may read")):
        stage()
    assert len(asked()) <= len(NAMES) + 2


def test_a_hub_that_fails_half_of_the_time_is_copied_all_the_same(
    stage, inject, staged, files, open_uploads, hub
):
    for seed, kind in enumerate(PASSING):
        for host in Host:
            inject(kind, host=host, share=0.2, seed=seed)
    stage()
    assert len(hub.faults.injected) > 3
    assert staged() == files
    assert open_uploads() == []


@pytest.mark.parametrize("kind", [HubFaultKind.THROTTLE, HubFaultKind.SERVER_ERROR])
def test_a_host_of_files_that_never_serves_is_asked_a_few_times(stage, inject, asked, kind):
    inject(kind, host=Host.CDN)
    with pytest.raises(ModelSourceUnavailable, match="6 times in a row"):
        stage()
    assert len(asked()) <= MOST_REQUESTS


def test_addresses_that_are_denied_each_time_are_asked_for_a_few_times(stage, inject, asked):
    inject(HubFaultKind.FORBIDDEN, host=Host.CDN)
    with pytest.raises(ModelSourceUnavailable, match=r"6 times in a row.*run out"):
        stage()
    assert len(asked()) <= MOST_REQUESTS * 3


def test_addresses_that_run_out_under_several_parts_are_asked_for_again(
    stage, inject, staged, files
):
    inject(HubFaultKind.FORBIDDEN, host=Host.CDN, times=3)
    stage()
    assert staged() == files


def test_what_was_copied_before_a_hub_failed_is_not_copied_again(
    stage, inject, hub, staged, files, asked
):
    inject(HubFaultKind.SERVER_ERROR, path="*/config.json")
    with pytest.raises(ModelSourceUnavailable):
        stage()
    hub.faults.clear()
    assert any(one.host is Host.CDN for one in asked())
    stage()
    # One request for each part.
    assert sum(one.host is Host.CDN for one in asked()) == 3
    assert staged() == files


def test_a_hub_that_redirects_for_ever_is_not_followed(stage, inject, asked):
    inject(HubFaultKind.REDIRECT, host=Host.CDN)
    with pytest.raises(ModelSourceRefused, match="redirects more than 5 times"):
        stage()
    assert len(asked()) <= MOST_REQUESTS


@pytest.mark.parametrize(
    "location",
    [
        "http://hub.example/x",
        "ftp://elsewhere.example/x",
        "file:///x",
        "https://hub.example:99999/x",
        "//[::1",
    ],
)
def test_a_redirect_that_is_none_or_into_the_clear_is_not_followed(location):
    requests = HubRequests("https://hub.example", token="hf_secret")
    with pytest.raises(ModelSourceRefused, match="redirects to"):
        requests._followed("https://hub.example/x", location)


def test_a_hub_that_lies_about_sizes_copies_nothing_that_stays(stage, inject, staged):
    inject(HubFaultKind.WRONG_SIZE, path="*/resolve/*")
    with pytest.raises(ModelCorrupted, match=r"with .* bytes and serves"):
        stage()
    assert staged() == {}


def test_a_listing_that_lies_about_sizes_is_found_out(repo, look, inject, hub):
    inject(HubFaultKind.WRONG_SIZE, path="/api/models/*")
    repository = look(repo, token=hub.token)
    for name in NAMES:
        with pytest.raises(ModelCorrupted, match=f"lists {name}"):
            repository.read(name, 0, 10)


def test_no_other_host_and_no_log_sees_the_token(stage, inject, hub, asked, staged, files, caplog):
    caplog.set_level(logging.DEBUG)
    for kind in (HubFaultKind.REDIRECT, *PASSING):
        for host in Host:
            inject(kind, host=host, share=0.1)
    inject(HubFaultKind.REDIRECT, times=4)
    stage()
    elsewhere = [one for one in asked() if one.host is Host.CDN]
    # By a signed address, and by the hub's own that it sent elsewhere.
    assert {one.path.startswith("/repos/") for one in elsewhere} == {True, False}
    for one in asked():
        assert ("authorization" in one.headers) == (one.host is Host.HUB)
    for one in elsewhere:
        assert hub.token not in str(one.headers) + one.path
    assert hub.token not in caplog.text
    assert {name: hashlib.sha256(body).digest() for name, body in staged().items()} == {
        name: hashlib.sha256(body).digest() for name, body in files.items()
    }


def test_connections_are_used_again(repo, look, hub, files, monkeypatch):
    opened = []
    process = hub._cdn.process_request
    monkeypatch.setattr(
        hub._cdn, "process_request", lambda *given: (opened.append(given), process(*given))
    )
    repository = look(repo, token=hub.token)
    for start in range(0, 11 * MEBIBYTE, MEBIBYTE):
        body = repository.read("model.safetensors", start, MEBIBYTE)
        assert body == files["model.safetensors"][start : start + MEBIBYTE]
    assert len(opened) == 1
