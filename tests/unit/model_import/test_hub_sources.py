"""A repository of a hub: pinned to a commit, read in ranges, asked with care."""

import hashlib
import logging

import pytest

from bedrock_customization_local.cloud.hub import Access, Host, HubFault, HubFaultKind
from bedrock_customization_runtime.errors import (
    InvalidInput,
    ModelCorrupted,
    ModelSourceRefused,
    ModelSourceUnavailable,
    SourceChanged,
)
from bedrock_customization_runtime.model_import.sources.hub_requests import HubRequests
from bedrock_customization_runtime.model_import.sources.tokens import token_of

REPO = "owner/model"
CONFIG, WEIGHTS = b'{"architectures": []}', bytes(range(256)) * 4096
FILES = {"config.json": CONFIG, "model.safetensors": WEIGHTS, "pytorch_model.bin": b"pickle"}


@pytest.fixture
def published(publish):
    """A repository with a small and a large file."""
    return publish(REPO, FILES)


@pytest.fixture
def inject(hub):
    """Let something go wrong."""

    def one(kind, **settings):
        hub.faults.inject(HubFault(kind=kind, **settings))

    return one


def test_a_branch_is_pinned_to_its_commit(published, look, publish):
    repository = look(published)
    publish(REPO, {"config.json": b"another"})
    assert repository.read("config.json", 0, 100) == CONFIG
    assert look(published).pinned.revision != repository.pinned.revision


def test_files_are_listed_with_their_sizes_and_digests(published, look):
    files = {file.name: file for file in look(published).pinned.files}
    assert files["model.safetensors"].sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    assert files["model.safetensors"].size == len(WEIGHTS)
    blob = b"blob %d\0" % len(CONFIG) + CONFIG
    assert files["config.json"].git_sha1 == hashlib.sha1(blob, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(("start", "length"), [(0, 1), (100, 1000), (0, 10**9), (10**9, 5)])
def test_ranges_are_read(published, look, start, length):
    read = look(published).read("model.safetensors", start, length)
    assert read == WEIGHTS[start : start + length]


def test_the_address_of_a_large_file_is_asked_for_once(published, look, hub):
    repository = look(published)
    before = len(hub.requests)
    for start in range(0, 5000, 1000):
        repository.read("model.safetensors", start, 1000)
    asked = [request.host for request in hub.requests[before:]]
    assert asked == [Host.HUB, *[Host.CDN] * 5]


def test_the_token_goes_to_the_hub_alone(publish, look, hub):
    repo = publish("owner/gated", FILES, access=Access.GATED)
    before = len(hub.requests)
    repository = look(repo, token=hub.token)
    assert repository.read("model.safetensors", 0, 10) == WEIGHTS[:10]
    assert repository.read("config.json", 0, 100) == CONFIG
    for request in hub.requests[before:]:
        assert ("authorization" in request.headers) == (request.host is Host.HUB)


def test_a_redirect_to_another_host_takes_no_token_along(published, look, hub, inject):
    inject(HubFaultKind.REDIRECT, times=None)
    before = len(hub.requests)
    assert look(published, token=hub.token).read("config.json", 0, 100) == CONFIG
    elsewhere = [one for one in hub.requests[before:] if one.host is Host.CDN]
    assert elsewhere
    assert not any(hub.token in str(one.headers) for one in elsewhere)


@pytest.mark.parametrize(
    ("access", "token", "told"),
    [
        (Access.PRIVATE, None, "401 RepoNotFound"),
        (Access.PRIVATE, "stranger_token", "404 RepoNotFound"),
    ],
)
def test_a_private_repository_is_refused(publish, look, hub, access, token, told):
    repo = publish("owner/private", FILES, access=access)
    with pytest.raises(ModelSourceRefused, match=told):
        look(repo, token=token and getattr(hub, token))


@pytest.mark.parametrize(
    ("token", "told"), [(None, "401 GatedRepo"), ("stranger_token", "403 GatedRepo.*conditions")]
)
def test_files_of_a_gated_repository_are_refused(publish, look, hub, token, told):
    repo = publish("owner/gated", FILES, access=Access.GATED)
    repository = look(repo, token=token and getattr(hub, token))
    with pytest.raises(ModelSourceRefused, match=told):
        repository.read("config.json", 0, 10)


def test_what_is_not_there_is_refused(published, look):
    with pytest.raises(ModelSourceRefused, match=r"401 RepoNotFound.*name a token"):
        look("owner/nothing")
    with pytest.raises(ModelSourceRefused, match="404 RevisionNotFound"):
        look(published, revision="v9")


@pytest.mark.parametrize("repo", ["../secret", "a/b/c", "a b", "", "http://x"])
def test_names_that_are_none_of_repositories_are_never_asked_for(look, hub, repo):
    before = len(hub.requests)
    with pytest.raises(InvalidInput, match="organization/model"):
        look(repo)
    assert len(hub.requests) == before


@pytest.mark.parametrize(
    "kind",
    [
        HubFaultKind.THROTTLE,
        HubFaultKind.SERVER_ERROR,
        HubFaultKind.RESET,
        HubFaultKind.TRUNCATE,
    ],
)
@pytest.mark.parametrize("host", [Host.HUB, Host.CDN])
def test_what_passes_is_asked_again(published, look, inject, kind, host, pauses):
    repository = look(published)
    inject(kind, host=host, times=3)
    name = "config.json" if host is Host.HUB else "model.safetensors"
    assert repository.read(name, 0, len(WEIGHTS)) == FILES[name]
    assert pauses


@pytest.mark.parametrize(
    "kind",
    [HubFaultKind.THROTTLE, HubFaultKind.SERVER_ERROR, HubFaultKind.RESET, HubFaultKind.TRUNCATE],
)
def test_what_does_not_pass_is_asked_a_few_times(published, look, inject, hub, kind, pauses):
    repository = look(published)
    inject(kind, times=None, path="*/resolve*")
    before = len(hub.requests)
    with pytest.raises(ModelSourceUnavailable, match=r"6 times in a row"):
        repository.read("config.json", 0, 10)
    assert len(hub.requests) - before <= 12
    assert len(pauses) == 5


def test_a_hub_that_is_busy_says_for_how_long(published, look, inject, pauses):
    repository = look(published)
    inject(HubFaultKind.THROTTLE, seconds=7)
    inject(HubFaultKind.THROTTLE, seconds=7000)
    repository.read("config.json", 0, 10)
    assert pauses == [7, 60]


def test_a_range_is_resumed_where_it_broke(published, look, inject, hub):
    repository = look(published)
    repository.read("model.safetensors", 0, 1)
    inject(HubFaultKind.TRUNCATE, host=Host.CDN, times=4)
    before = len(hub.requests)
    assert repository.read("model.safetensors", 0, len(WEIGHTS)) == WEIGHTS
    starts = [request.headers["range"] for request in hub.requests[before:]]
    assert starts[:3] == [f"bytes={len(WEIGHTS) - len(WEIGHTS) // 2**n}-1048575" for n in range(3)]


def test_an_address_that_has_run_out_is_asked_for_again(published, look, inject):
    repository = look(published)
    repository.read("model.safetensors", 0, 1)
    inject(HubFaultKind.FORBIDDEN, host=Host.CDN)
    assert repository.read("model.safetensors", 0, 10) == WEIGHTS[:10]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_hub_that_lies_about_a_size_is_not_believed(published, look, inject, name):
    inject(HubFaultKind.WRONG_SIZE)
    with pytest.raises(ModelCorrupted, match=f"{name} with .* and serves"):
        look(published).read(name, 0, 10**9)


def test_a_file_that_changes_under_its_address_is_not_read_on(published, look):
    repository = look(published)
    repository.read("model.safetensors", 0, 1)
    (path,) = repository._requests._etags
    repository._requests._etags[path] = '"another"'
    with pytest.raises(SourceChanged, match="changed on"):
        repository.read("model.safetensors", 0, 10)


@pytest.mark.parametrize(
    "endpoint",
    ["http://hub.example", "https://user@hub.example", "ftp://127.0.0.1", "127.0.0.1", "https://"],
)
def test_endpoints_in_the_clear_are_refused(endpoint):
    with pytest.raises(InvalidInput, match="https"):
        HubRequests(endpoint)


def test_no_message_and_no_log_holds_the_token(publish, look, hub, inject, caplog):
    repo = publish("owner/gated", FILES, access=Access.GATED)
    caplog.set_level(logging.DEBUG)
    repository = look(repo, token=hub.token)
    texts = []
    for kind in HubFaultKind:
        for host in Host:
            inject(kind, host=host, times=8)
            try:
                repository.read("model.safetensors", 0, len(WEIGHTS))
            except Exception as error:  # noqa: BLE001 - whatever it says
                texts += [str(error), repr(error.__cause__)]
            hub.faults.clear()
    assert texts
    said = "".join(texts)
    assert hub.token not in said + caplog.text
    # Addresses of files are signed: whoever has one may read.
    assert "Signature" not in said


class Secrets:
    """A Secrets Manager with one secret."""

    def __init__(self, text):
        self.text = text

    def get_secret_value(self, **asked):
        assert asked == {"SecretId": "arn"}
        return {"SecretString": self.text}


def test_a_token_is_read_from_its_secret():
    assert token_of(lambda: Secrets(" hf_abc\n"), "arn") == "hf_abc"
    assert token_of(lambda: None, None) is None


@pytest.mark.parametrize("text", ['{"token": "hf_abc"}', "hf abc", "", "hf_\nabc"])
def test_a_secret_that_holds_no_token_is_refused_without_being_quoted(text):
    with pytest.raises(InvalidInput, match="plain text") as refused:
        token_of(lambda: Secrets(text), "arn")
    assert "abc" not in str(refused.value)
