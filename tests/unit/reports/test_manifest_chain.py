"""A chain of manifests holds, and nothing done to it goes unseen."""

import json
import random
from base64 import b64encode
from dataclasses import dataclass

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.errors import LineageBroken
from bedrock_customization_runtime.manifest import chain, document, history
from bedrock_customization_runtime.manifest.chain import Check, Witness
from bedrock_customization_runtime.manifest.link import canonical, digest, signed_parts, statement

ARN = "arn:aws:states:us-east-1:123456789012:execution:machine:orders"
BITS = 1_000


@dataclass
class OwnKey:
    """A key of this process, as KMS would hold it."""

    key: str
    private: ec.EllipticCurvePrivateKey

    def sign(self, what):
        return b64encode(self.private.sign(what, ec.ECDSA(hashes.SHA256()))).decode()

    def holds(self, what, signature):
        try:
            self.private.public_key().verify(signature, what, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


@pytest.fixture(scope="module")
def key():
    """The key that signs."""
    return OwnKey("arn:aws:kms:us-east-1:1:key/a", ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def s3(make_client):
    """S3 with the bucket `lineage-artifacts`."""
    client = make_client("s3")
    client.create_bucket(Bucket="lineage-artifacts")
    return client


@dataclass(frozen=True)
class Written:
    """What a run left."""

    newest: bytes
    kept: dict[int, bytes]

    def verdict(self, **asked):
        return chain.verify(self.newest, self.kept, **asked)

    def all(self):
        """Return all the bytes, by place; 0 is the newest version's."""
        return {0: self.newest, **self.kept}

    def but(self, place, body):
        """Return what is left where somebody wrote one of the places."""
        if place == 0:
            return Written(body, self.kept)
        return Written(self.newest, {**self.kept, place: body})


@pytest.fixture(scope="module")
def written_once():
    """What runs left, by name."""
    return {}


@pytest.fixture
def write(s3, compared, written_once):
    """Write the manifest of a promoted run, phase by phase, as its functions do; once each."""

    def write(name, signer=None, arn=ARN):
        if name not in written_once:
            written_once[name] = write_phases(s3, compared, name, signer, arn)
        return written_once[name]

    return write


def write_phases(s3, run_as_promoted, name, signer, arn):
    uri = f"s3://lineage-artifacts/{name}/manifest.json"
    run = replace(run_as_promoted.run, execution_arn=arn)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "signer_of_process", lambda: signer)
        manifest.begin(s3, uri, run)
        for phase in ("preparation", "customization", "deployment", "evaluation", "decision"):
            section = {phase: getattr(run_as_promoted, phase)}
            manifest.update(s3, uri, lambda found, section=section: replace(found, **section))
        end = {"status": "promoted", "outcome": "Promoted", "ended": run_as_promoted.ended}
        manifest.update(s3, uri, lambda found: replace(found, **end))
    return read(s3, uri)


def read(s3, uri):
    bucket, _, path = uri.removeprefix("s3://").partition("/")
    body = s3.get_object(Bucket=bucket, Key=path)["Body"].read()
    kept = {}
    prefix = history.place_of(path, 1).removesuffix("000001.json")
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
        number = int(item["Key"].removesuffix(".json")[-6:])
        kept[number] = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
    return Written(body, kept)


@pytest.fixture
def plain(write):
    """The chain of a run that nothing signs."""
    return write("plain")


@pytest.fixture
def signed(write, key):
    """The chain of a run whose versions are signed."""
    return write("signed", key)


def broken(verdict):
    return {(finding.version, finding.check) for finding in verdict.findings if not finding.holds}


def test_a_run_leaves_a_chain_that_holds(plain, signed, key, compared):
    assert len(plain.kept) == 7
    assert plain.verdict(run=ARN).holds
    verdict = signed.verdict(run=compared.run.id, checker=key)
    assert verdict.holds, broken(verdict)
    assert sum(finding.check is Check.SIGNATURE for finding in verdict.findings) == 7


def test_the_first_version_without_a_signer_names_no_key(plain):
    assert json.loads(plain.kept[1])["link"] == {
        "version": 1,
        "previous": None,
        "key": None,
        "signature": None,
    }


@pytest.mark.parametrize("kind", ["plain", "signed"])
def test_a_thousand_random_bits_that_turn_are_all_noticed(kind, plain, signed, key):
    written, asked = (plain, {}) if kind == "plain" else (signed, {"checker": key})
    places = written.all()
    by_size = [place for place, body in places.items() for _ in range(len(body))]
    chance = random.Random(8)
    for _ in range(BITS):
        place = chance.choice(by_size)
        body = bytearray(places[place])
        bit = chance.randrange(8 * len(body))
        body[bit // 8] ^= 1 << bit % 8
        verdict = written.but(place, bytes(body)).verdict(**asked)
        assert not verdict.holds, f"bit {bit} of {place}"


def test_every_bit_of_a_signature_counts(signed, key):
    body = signed.newest
    text = json.loads(body)["link"]["signature"].encode()
    start = body.index(text)
    for bit in range(8 * len(text)):
        turned = bytearray(body)
        turned[start + bit // 8] ^= 1 << bit % 8
        # The copy is changed alike, so that only the signature can tell.
        last = max(signed.kept)
        written = signed.but(0, bytes(turned)).but(last, bytes(turned))
        assert not written.verdict(checker=key).holds, bit


def test_a_version_that_is_left_out_is_missed(plain):
    for version in range(1, len(plain.kept) + 1):
        kept = {number: body for number, body in plain.kept.items() if number != version}
        assert not chain.verify(plain.newest, kept).holds, version


def test_versions_that_changed_places_are_noticed(plain):
    kept = {**plain.kept, 2: plain.kept[3], 3: plain.kept[2]}
    found = broken(chain.verify(plain.newest, kept))
    assert {(2, Check.PLACE), (3, Check.PLACE)} <= found


def test_an_old_version_put_back_as_the_newest_is_noticed_by_those_that_followed(signed, key):
    verdict = signed.but(0, signed.kept[4]).verdict(checker=key)
    assert {(version, Check.PLACE) for version in (5, 6, 7)} <= broken(verdict)


def test_a_chain_that_was_cut_short_is_noticed_by_who_named_its_end(signed, key):
    # All of it holds: signatures, digests and places. Nothing in the bucket says there was more.
    cut = Written(signed.kept[4], {number: signed.kept[number] for number in (1, 2, 3)})
    assert cut.verdict(checker=key).holds
    end = Witness(name="the execution", sha256=digest(signed.newest))
    assert broken(cut.verdict(checker=key, witnesses=[end])) == {(None, Check.WITNESS)}
    assert signed.verdict(checker=key, witnesses=[end]).holds


def test_the_chain_of_another_run_is_not_taken_for_this_one(write, signed, key):
    other = write("other", key, arn="arn:aws:states:us-east-1:1:execution:machine:other")
    assert other.verdict(checker=key).holds
    verdict = other.verdict(checker=key, run=ARN)
    assert (7, Check.RUN) in broken(verdict)
    spliced = signed.but(3, other.kept[3]).verdict(checker=key)
    assert {(3, Check.RUN), (3, Check.PREVIOUS), (4, Check.PREVIOUS)} <= broken(spliced)


def test_another_key_has_not_signed(signed):
    stranger = OwnKey("arn:aws:kms:us-east-1:1:key/b", ec.generate_private_key(ec.SECP256R1()))
    assert {check for _, check in broken(signed.verdict(checker=stranger))} == {Check.SIGNATURE}


def test_a_chain_written_anew_by_who_may_write_the_bucket_lacks_the_signatures(plain, key):
    assert plain.verdict().holds
    assert {check for _, check in broken(plain.verdict(checker=key))} == {Check.SIGNATURE}


def test_a_signature_says_what_it_is_of(signed, key):
    what, signature = signed_parts(signed.newest)
    unsigned = json.loads(signed.newest)
    unsigned["link"]["signature"] = None
    assert what == statement(canonical(unsigned))
    assert what.startswith(b"cdk-bedrock-customization")
    assert not key.holds(what.partition(b"\n")[2], signature)


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe{\x00",
        b"NaN",
        b'{"link":{"version":1e999}}',
        b'{"link":{"version":' + b"9" * 5_000 + b"}}",
        b"[" * 1_000_000,
        b'{"a":' * 100_000,
        b'{"run":"\\ud800"}',
        b'{"link":{"version":1,"previous":null}}',
    ],
    ids=range(12),
)
def test_hostile_json_is_no_manifest(hostile, plain):
    for place in (0, 3):
        assert not plain.but(place, hostile).verdict().holds


def test_a_key_that_stands_twice_is_noticed_even_where_the_digest_fits(plain):
    body = plain.newest.replace(
        b'"status": "promoted"', b'"status": "failed",\n  "status": "promoted"', 1
    )
    assert body != plain.newest
    last = max(plain.kept)
    verdict = plain.but(0, body).but(last, body).verdict()
    assert not verdict.holds
    assert any(check is Check.FORM for _, check in broken(verdict))


def test_a_version_number_out_of_this_world_costs_nothing(plain):
    body = plain.newest.replace(b'"version": 7', b'"version": 1000000000000000', 1)
    assert not plain.but(0, body).verdict().holds


def test_no_phase_builds_on_a_version_that_none_has_signed(s3, write, key):
    write("forged", key)
    uri, path = "s3://lineage-artifacts/forged/manifest.json", "forged/manifest.json"
    body = s3.get_object(Bucket="lineage-artifacts", Key=path)["Body"].read()
    forged = body.replace(b'"Promoted"', b'"Demoted"', 1)
    s3.put_object(Bucket="lineage-artifacts", Key=path, Body=forged)
    with pytest.raises(LineageBroken, match="no version that"):
        manifest.update(s3, uri, lambda found: found, signer=key)
    with pytest.raises(LineageBroken, match="nothing signs here"):
        manifest.update(s3, uri, lambda found: found)


def test_what_is_kept_is_never_written_over(s3):
    uri = "s3://lineage-artifacts/kept/manifest.json"
    history.keep(s3, uri, 1, b"first")
    history.keep(s3, uri, 1, b"second")
    place = history.place_of("kept/manifest.json", 1)
    assert s3.get_object(Bucket="lineage-artifacts", Key=place)["Body"].read() == b"first"
