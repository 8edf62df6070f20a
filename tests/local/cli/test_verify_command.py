"""`verify` says what holds of a run's lineage, and ends accordingly."""

import json
from base64 import b64decode, b64encode

import boto3
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace
from typer.testing import CliRunner

from bedrock_customization_local.cli import app
from bedrock_customization_local.cli.lineage import named_files
from bedrock_customization_local.cloud import moto_server
from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.manifest import document
from bedrock_customization_runtime.manifest.signature import Signer

BUCKET = "verified-artifacts"
ARN = "arn:aws:states:us-east-1:123456789012:execution:machine:run"


@pytest.fixture(scope="module")
def aws():
    """Make clients of a moto server."""
    server = moto_server.start()

    def client(service):
        return boto3.client(
            service,
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield client
    server.close()


def make_signer(client):
    kms = client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    return Signer(kms, key["Arn"])


@pytest.fixture
def folder(aws, tmp_path):
    """A run's lineage, signed by KMS, copied to a folder, with the key's public half."""
    s3, signer = aws("s3"), make_signer(aws)
    uri = f"s3://{BUCKET}/{tmp_path.name}/manifest.json"
    run = manifest.RunSection(
        id="run",
        execution_arn=ARN,
        source="s3://data/incoming/x.csv",
        base_model="base:128k",
        inference_model="base",
        catalog_version="1",
        library_version="0.1.0",
        started="2026-11-23T00:00:00+00:00",
        embedded=True,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "signer_of_process", lambda: signer)
        manifest.begin(s3, uri, run)
        shown = manifest.load_version(s3, uri)[1]
        approval = manifest.ApprovalSection(
            outcome="approved",
            reason="[bold]good[/bold]",
            approver="arn:aws:iam::123456789012:user/eve",
            evidence=shown,
            requested="2026-11-23T00:00:00Z",
            decided="2026-11-23T00:01:00Z",
        )
        manifest.update(s3, uri, lambda found: replace(found, approval=approval))
        manifest.update(s3, uri, lambda found: replace(found, ended="2026-11-23T00:02:00Z"))
    out = tmp_path / "run"
    for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{tmp_path.name}/")["Contents"]:
        file = out / item["Key"].partition("/")[2]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read())
    public = aws("kms").get_public_key(KeyId=signer.key)["PublicKey"]
    (tmp_path / "key.der").write_bytes(public)
    return out


def verify(*arguments):
    return CliRunner().invoke(app, ["verify", *map(str, arguments)])


def test_a_signed_run_in_a_folder_holds_without_aws(folder):
    key = folder.parent / "key.der"
    answer = verify("run", "--folder", folder, "--public-key", key)
    assert answer.exit_code == 0, answer.output
    assert "✓ version 3: copy, form, place, previous, run, signature" in answer.output
    assert "approved by arn:aws:iam::123456789012:user/eve" in answer.output
    assert "nothing here can tell" in answer.output
    document = json.loads(
        verify("--folder", folder, "--public-key", key, "--format", "json").output
    )
    assert (document["holds"], document["versions"], document["signatures_checked"]) == (
        True,
        3,
        True,
    )
    assert document["approval"]["approver"].endswith("user/eve")


def test_a_changed_version_is_named(folder):
    second = folder / "lineage" / "000002.json"
    second.write_bytes(second.read_bytes().replace(b"user/eve", b"user/bob"))
    answer = verify("--folder", folder, "--public-key", folder.parent / "key.der")
    assert answer.exit_code == 1
    assert "✗ version 2: the key did not sign it" in answer.output
    assert "✗ version 3: the version before is another one" in answer.output


def test_what_was_approved_must_be_a_version_of_the_run(folder):
    for file in (folder / "manifest.json", folder / "lineage" / "000003.json"):
        body = json.loads(file.read_bytes())
        body["approval"]["evidence"] = "0" * 64
        file.write_bytes(manifest.link.canonical(body))
    answer = verify("--folder", folder, "--public-key", folder.parent / "key.der")
    assert "the approval names a version that is not there" in answer.output


def test_a_file_beside_the_versions_is_a_stranger(folder):
    (folder / "lineage" / "4.json").write_text("{}")
    answer = verify("--folder", folder, "--public-key", folder.parent / "key.der")
    assert answer.exit_code == 1
    assert "lineage/4.json" in answer.output


def test_a_run_of_another_name_is_not_this_one(folder):
    answer = verify("other", "--folder", folder, "--public-key", folder.parent / "key.der")
    assert answer.exit_code == 1


def test_a_signed_run_wants_the_key(folder):
    answer = verify("--folder", folder)
    assert answer.exit_code == 2
    assert "--public-key" in answer.output


def test_a_key_of_another_kind_is_refused(folder, tmp_path):
    own = ec.generate_private_key(ec.SECP384R1()).public_key()
    file = tmp_path / "own.pem"
    file.write_bytes(own.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert verify("--folder", folder, "--public-key", file).exit_code == 1
    file.write_text("no key")
    assert "P-256" in verify("--folder", folder, "--public-key", file).output


def test_nothing_named_makes_no_sense():
    assert verify().exit_code == 2


def test_what_kms_signs_holds_for_kms_and_nothing_else_does(aws):
    signer = make_signer(aws)
    signature = signer.sign(b"a statement")
    own = ec.generate_private_key(ec.SECP256R1()).sign(b"a statement", ec.ECDSA(hashes.SHA256()))

    assert signer.holds(b"a statement", b64decode(signature))
    assert not signer.holds(b"another", b64decode(signature))
    assert not signer.holds(b"a statement", own)
    assert b64encode(b64decode(signature)).decode() == signature


def test_a_file_that_was_written_over_is_found_among_its_versions(aws):
    s3 = aws("s3")
    first = s3.put_object(Bucket=BUCKET, Key="file", Body=b"first")["VersionId"]
    record = manifest.FileRecord(
        uri=f"s3://{BUCKET}/file",
        sha256=manifest.link.digest(b"first"),
        bytes=5,
        records=1,
    )
    found = named_files._checked(s3, record)
    assert (found.holds, found.version_id) == (True, first)
    s3.put_object(Bucket=BUCKET, Key="file", Body=b"other")
    found = named_files._checked(s3, record)
    assert (found.holds, found.version_id) == (False, first)
    s3.delete_object(Bucket=BUCKET, Key="file")
    found = named_files._checked(s3, record)
    assert found.holds is False
    assert "not there" in found.said
