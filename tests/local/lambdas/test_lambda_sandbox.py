import base64
import json
import os
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import psutil
import pytest

from bedrock_customization_local.cloud.credentials import Credentials
from bedrock_customization_local.cloud.lambdas import (
    Archive,
    InvalidArchiveError,
    LambdaRuntime,
    LogFormat,
    TooManyRequestsError,
    UnsupportedFunctionError,
)

ECHO = "def handler(event, context):\n    return event\n"
PID = "import os\ndef handler(event, context):\n    return os.getpid()\n"


def error_of(invocation):
    assert invocation.function_error == "Unhandled"
    return json.loads(invocation.payload)


def test_a_handler_gets_its_event_and_its_context(runtime, function):
    source = (
        "def handler(event, context):\n"
        "    return [event, context.aws_request_id, context.invoked_function_arn,\n"
        "            context.function_version, context.memory_limit_in_mb,\n"
        "            context.get_remaining_time_in_millis()]\n"
    )
    definition = function(source, version="7", timeout=30, memory_size=256)
    invocation = runtime.invoke(
        definition, b'{"n": "\xc3\xa9"}', invoked_arn=f"{definition.arn}:live"
    )
    event, request_id, arn, version, memory, left = json.loads(invocation.payload)
    assert event == {"n": "é"}
    assert request_id == invocation.request_id
    assert arn == f"{definition.arn}:live"
    assert (version, memory) == ("7", "256")
    assert 0 < left <= 30_000


def test_a_second_invocation_finds_the_sandbox_warm(runtime, function):
    definition = function(PID)
    first = runtime.invoke(definition, b"{}")
    second = runtime.invoke(definition, b"{}")
    assert first.payload == second.payload
    assert first.init_ms is not None
    assert second.init_ms is None


def test_a_sandbox_never_serves_another_version(runtime, function):
    one = runtime.invoke(function(PID, environment={"STAGE": "one"}), b"{}")
    two = runtime.invoke(function(PID, environment={"STAGE": "two"}), b"{}")
    assert one.payload != two.payload


def test_concurrent_invocations_run_in_processes_of_their_own(runtime, function, tmp_path):
    source = (
        "import os, pathlib, time\n"
        f"meeting = pathlib.Path({str(tmp_path)!r})\n"
        "def handler(event, context):\n"
        "    (meeting / str(os.getpid())).touch()\n"
        "    while len(list(meeting.iterdir())) < 4:\n"
        "        time.sleep(0.005)\n"
        "    return os.getpid()\n"
    )
    definition = function(source, timeout=30)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: runtime.invoke(definition, b"{}"), range(4)))
    assert len({answer.payload for answer in answers}) == 4


def test_an_exception_carries_its_type_message_and_place(runtime, function):
    source = "def handler(event, context):\n    raise LookupError('no such run')\n"
    invocation = runtime.invoke(function(source), b"{}")
    error = error_of(invocation)
    assert error["errorType"] == "LookupError"
    assert error["errorMessage"] == "no such run"
    assert error["requestId"] == invocation.request_id
    assert "line 2, in handler" in error["stackTrace"][0]


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("import nowhere", "Runtime.ImportModuleError", "No module named 'nowhere'"),
        ("x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def handler(", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("raise OSError('at import')", "OSError", "at import"),
        (
            "import os\ndef handler(e, c): os._exit(3)",
            "Runtime.ExitError",
            "Runtime exited with error: exit status 3",
        ),
        (
            "import os\ndef handler(e, c): os._exit(0)",
            "Runtime.ExitError",
            "Runtime exited without providing a reason",
        ),
        (
            "import os, signal\ndef handler(e, c): os.kill(os.getpid(), signal.SIGKILL)",
            "Runtime.ExitError",
            "Runtime exited with error: signal: killed",
        ),
        ("def handler(e, c): return object()", "Runtime.MarshalError", "Unable to marshal"),
        (
            "def handler(e, c): return 'x' * 7_000_000",
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
    ],
)
def test_every_way_to_fail_has_lambdas_name(runtime, function, source, kind, message):
    error = error_of(runtime.invoke(function(source), b"{}"))
    assert error["errorType"] == kind
    assert message in error["errorMessage"]


def test_a_handler_that_takes_too_long_is_killed(runtime, function, tmp_path):
    source = (
        "import os, pathlib, time\n"
        "def handler(event, context):\n"
        f"    pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(60)\n"
    )
    invocation = runtime.invoke(function(source, timeout=1), b"{}")
    error = error_of(invocation)
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"] == (
        f"RequestId: {invocation.request_id} Error: Task timed out after 1.00 seconds"
    )
    assert "Task timed out after 1.00 seconds" in invocation.log
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_handler_that_holds_too_much_memory_is_killed(runtime, function):
    source = "import time\ndef handler(e, c):\n    x = b'1' * 200_000_000\n    time.sleep(60)\n"
    invocation = runtime.invoke(function(source, timeout=60), b"{}")
    assert error_of(invocation)["errorType"] == "Runtime.OutOfMemory"
    assert invocation.max_memory_mb == 128


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a high-water mark")
def test_a_peak_of_memory_shorter_than_the_watch_is_seen_too(runtime, function):
    source = "def handler(e, c):\n    x = b'1' * 140_000_000\n    return 1\n"
    assert error_of(runtime.invoke(function(source), b"{}"))["errorType"] == "Runtime.OutOfMemory"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere forking is not safe")
def test_memory_of_what_a_handler_starts_counts(runtime, function):
    source = (
        "import subprocess, sys\n"
        "def handler(e, c):\n"
        "    subprocess.run([sys.executable, '-c',\n"
        "        \"import time; x = b'1' * 200_000_000; time.sleep(60)\"], check=True)\n"
    )
    invocation = runtime.invoke(function(source, timeout=60), b"{}")
    assert error_of(invocation)["errorType"] == "Runtime.OutOfMemory"


def test_after_a_failure_of_the_platform_the_next_invocation_starts_anew(runtime, function):
    source = "import os\ndef handler(event, context):\n    return os._exit(1) if event else 'ok'\n"
    definition = function(source)
    assert runtime.invoke(definition, b"{}").payload == b'"ok"'
    assert runtime.invoke(definition, b'{"exit": 1}').function_error
    again = runtime.invoke(definition, b"{}")
    assert again.payload == b'"ok"'
    assert again.init_ms is not None


def test_nothing_of_the_users_shell_reaches_a_function(runtime, function, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    source = "import os\ndef handler(e, c): return dict(os.environ)\n"
    definition = function(
        source,
        environment={"TABLE": "runs", "AWS_REGION": "mars-1"},
        runtime="python3.13",
        memory_size=192,
        version="3",
    )
    seen = json.loads(runtime.invoke(definition, b"{}").payload)
    assert not {"HF_TOKEN", "AWS_PROFILE", "PYTHONPATH"} & seen.keys()
    expected = {
        "TABLE": "runs",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": "probe",
        "AWS_LAMBDA_FUNCTION_VERSION": "3",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "192",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/probe",
        "_HANDLER": "app.handler",
        "BEDROCK_CUSTOMIZATION_EMBEDDED": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    assert expected.items() <= seen.items()
    assert Path(seen["HOME"]) != Path.home()


def test_the_code_comes_before_the_layers_and_both_before_the_environment(
    runtime, function, archive
):
    layers = (
        archive({"python/shared.py": "x = 'first layer'", "python/jinja2.py": "x = 'layer'"}),
        archive({"python/shared.py": "x = 'last layer'", "python/app2.py": "x = 'layer'"}),
    )
    source = (
        "import app2, jinja2, msgspec, shared\n"
        "def handler(e, c): return [app2.x, shared.x, jinja2.x, msgspec.__name__]\n"
    )
    definition = function(
        source, layers=layers, code=archive({"app.py": source, "app2.py": "x = 'code'"})
    )
    answer = json.loads(runtime.invoke(definition, b"{}").payload)
    assert answer == ["code", "last layer", "layer", "msgspec"]


def test_a_layer_for_another_processor_does_not_hide_what_works_here(runtime, function, archive):
    layer = archive(
        {
            "python/msgspec/__init__.py": "raise ImportError('built for Lambda')",
            "python/msgspec/_core.cpython-399-riscv64-linux-gnu.so": "",
            "python/only_in_the_layer.py": "x = 'layer'",
        }
    )
    source = (
        "import msgspec, only_in_the_layer\n"
        "def handler(e, c): return [msgspec.__name__, only_in_the_layer.x]\n"
    )
    definition = function(source, layers=(layer,))
    answer = json.loads(runtime.invoke(definition, b"{}").payload)
    assert answer == ["msgspec", "layer"]


@pytest.mark.parametrize(
    "package", ["bedrock_customization_runtime", "bedrock_customization_local"]
)
def test_our_own_packages_come_from_the_asset_alone(runtime, function, archive, package):
    source = f"import {package}\ndef handler(e, c): return {package}.__file__\n"
    error = error_of(runtime.invoke(function(source), b"{}"))
    assert error["errorType"] == "Runtime.ImportModuleError"
    shipped = archive({"app.py": source, f"{package}/__init__.py": ""})
    answer = json.loads(runtime.invoke(function(source, code=shipped), b"{}").payload)
    assert shipped.sha256 in answer


PARENT_PID = "import os\ndef handler(event, context):\n    return os.getppid()\n"


def parent_of(runtime, definition):
    return json.loads(runtime.invoke(definition, b"{}").payload)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere forking is not safe")
def test_functions_are_forked_from_a_process_that_did_the_imports(runtime, function):
    parent = parent_of(runtime, function(PARENT_PID))
    assert parent != os.getpid()
    assert parent_of(runtime, function(PARENT_PID, environment={"TABLE": "runs"})) == parent
    assert psutil.Process(parent).ppid() == os.getpid()


def test_a_function_with_a_library_or_a_python_of_its_own_is_not_forked(runtime, function, archive):
    layer = archive({"python/numpy.py": "x = 'layer'"})
    assert parent_of(runtime, function(PARENT_PID, layers=(layer,))) == os.getpid()
    seeded = function(PARENT_PID, environment={"PYTHONHASHSEED": "1"})
    assert parent_of(runtime, seeded) == os.getpid()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere forking is not safe")
def test_functions_run_though_the_process_that_forks_was_killed(function):
    lambdas = LambdaRuntime(endpoint_url_of=str, region="eu-west-1")
    try:
        psutil.Process(parent_of(lambdas, function(PARENT_PID))).kill()
        other = function(PARENT_PID, environment={"STAGE": "two"})
        assert parent_of(lambdas, other) == os.getpid()
    finally:
        lambdas.close()


def test_an_archive_cannot_write_outside_its_folder(runtime, function):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as bomb:
        bomb.writestr("../../evil.py", "")
    with pytest.raises(InvalidArchiveError, match="lies outside"):
        runtime.invoke(function("", code=Archive.of(buffer.getvalue())), b"{}")
    with pytest.raises(InvalidArchiveError, match="not a zip file"):
        runtime.invoke(function("", code=Archive.of(b"plain")), b"{}")


def test_the_log_holds_what_was_printed_and_logged_between_lambdas_lines(runtime, function):
    source = (
        "import logging, sys\n"
        "print('at import')\n"
        "def handler(e, c):\n"
        "    print('printed')\n"
        "    logging.warning('logged')\n"
        "    print('to stderr', file=sys.stderr)\n"
        "    raise ValueError('no')\n"
    )
    invocation = runtime.invoke(function(source), b"{}")
    events = invocation.log_events()
    request = f"RequestId: {invocation.request_id}"
    assert events[0] == f"START {request} Version: $LATEST"
    assert events[1:3] == ["at import", "printed"]
    assert events[3].startswith("[WARNING]")
    assert events[4] == "to stderr"
    assert events[5].startswith("[ERROR] ValueError: no\nTraceback")
    assert events[6] == f"END {request}"
    assert events[7].startswith(f"REPORT {request}\tDuration: ")
    assert "Init Duration: " in events[7]
    assert len(events) == 8
    tail = base64.b64decode(invocation.log_tail()).decode()
    assert tail == "\n".join(events) + "\n"


def test_the_tail_of_a_long_log_is_4_kb(runtime, function):
    invocation = runtime.invoke(function("def handler(e, c): print('x' * 9000)"), b"{}")
    assert len(base64.b64decode(invocation.log_tail())) == 4096


def test_json_logs_are_json_down_to_the_platforms_lines(runtime, function):
    source = (
        "import logging\n"
        "def handler(e, c):\n"
        "    logging.getLogger().debug('hidden')\n"
        "    logging.getLogger().info('shown')\n"
    )
    definition = function(source, log_format=LogFormat.JSON, log_level="INFO")
    invocation = runtime.invoke(definition, b"{}")
    start, line, report = [json.loads(event) for event in invocation.log_events()]
    assert start["type"] == "platform.start"
    assert (line["level"], line["message"]) == ("INFO", "shown")
    assert line["requestId"] == invocation.request_id
    assert report["type"] == "platform.report"
    assert report["record"]["metrics"]["memorySizeMB"] == 128


def test_reserved_concurrency_is_a_limit(runtime, function):
    with pytest.raises(TooManyRequestsError, match="reserved concurrency"):
        runtime.invoke(function(ECHO, reserved_concurrency=0), b"{}")


def test_only_python_functions_run(runtime, function):
    with pytest.raises(UnsupportedFunctionError, match=r"nodejs24\.x"):
        runtime.invoke(function(ECHO, runtime="nodejs24.x"), b"{}")


def test_idle_sandboxes_make_room_for_other_functions(function):
    lambdas = LambdaRuntime(endpoint_url_of=str, region="eu-west-1", max_sandboxes=1)
    try:
        first = function(PID, name="first")
        one = lambdas.invoke(first, b"{}")
        lambdas.invoke(function(PID, name="second", environment={"a": "b"}), b"{}")
        assert not psutil.pid_exists(json.loads(one.payload))
        assert lambdas.invoke(first, b"{}").init_ms is not None
    finally:
        lambdas.close()


def test_when_every_sandbox_stays_busy_an_invocation_is_refused(function, tmp_path):
    lambdas = LambdaRuntime(endpoint_url_of=str, region="eu-west-1", max_sandboxes=1, patience=0.01)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    busy = function(f"def handler(e, c): return open({str(fifo)!r}).read()", timeout=60)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambdas.invoke, busy, b"{}")
        with fifo.open("w") as release:  # opens when the handler does
            with pytest.raises(TooManyRequestsError, match="all 1 sandboxes are busy"):
                lambdas.invoke(function(ECHO), b"{}")
            release.write("done")
        assert running.result().payload == b'"done"'
    lambdas.close()


def test_a_function_at_work_can_be_killed_and_an_idle_one_stays(function, tmp_path):
    lambdas = LambdaRuntime(endpoint_url_of=str, region="eu-west-1")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    source = f"def busy(e, c): return open({str(fifo)!r}).read()\ndef idle(e, c): pass\n"
    idle = function(source, handler="app.idle")
    with ThreadPoolExecutor(1) as pool:
        lambdas.invoke(idle, b"{}")
        running = pool.submit(lambdas.invoke, function(source, handler="app.busy"), b"{}")
        with fifo.open("w"):  # opens when the handler does
            assert lambdas.kill("other") == 0
            assert lambdas.kill() == 1
            killed = running.result()
    assert "signal: killed" in error_of(killed)["errorMessage"]
    assert lambdas.invoke(idle, b"{}").init_ms is None
    lambdas.close()


def test_a_role_signs_with_its_own_credentials(function):
    lambdas = LambdaRuntime(
        endpoint_url_of=str,
        region="eu-west-1",
        credentials_of=lambda role: Credentials(f"key-of-{role[-5:]}", "secret", "token"),
    )
    source = "import os\ndef handler(e, c): return [os.environ['AWS_ACCESS_KEY_ID'],\
        os.environ['AWS_SESSION_TOKEN']]\n"
    try:
        answer = json.loads(lambdas.invoke(function(source), b"{}").payload)
    finally:
        lambdas.close()
    assert answer == ["key-of-probe", "token"]


def test_closing_kills_every_sandbox_and_what_it_started(function):
    lambdas = LambdaRuntime(endpoint_url_of=str, region="eu-west-1")
    source = (
        "import os, subprocess, sys\n"
        "def handler(e, c):\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "    return [os.getpid(), child.pid]\n"
    )
    pids = json.loads(lambdas.invoke(function(source), b"{}").payload)
    assert all(psutil.pid_exists(pid) for pid in pids)
    lambdas.close()
    assert gone(pids)


PARENT = """
import json, sys, threading
from bedrock_customization_local.cloud.lambdas import Archive, FunctionDefinition, LambdaRuntime
lambdas = LambdaRuntime(endpoint_url_of=str, region="eu-west-1")
code = Archive.of(open(sys.argv[1], "rb").read())
def define(handler):
    return FunctionDefinition(name="f", arn="arn:aws:lambda:us-east-1:1:function:f", timeout=900,
        handler=handler, runtime="python3.11", role="r", code=code, log_group="g")
print(lambdas.invoke(define("app.idle"), b"{}").payload.decode(), flush=True)
if sys.argv[2] == "exit":
    sys.exit()
event = json.dumps({"fifo": sys.argv[3]}).encode()
threading.Thread(target=lambdas.invoke, args=(define("app.busy"), event)).start()
"""
CHILD = """
import os, subprocess, sys, time
def idle(event, context):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return [os.getpid(), child.pid]
def busy(event, context):
    with open(event["fifo"], "w") as fifo:
        fifo.write(str(os.getpid()))
    while True:
        pass
"""


def gone(pids, seconds=20):
    processes = []
    for pid in pids:
        try:
            processes.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    processes = [p for p in processes if p.status() != psutil.STATUS_ZOMBIE]
    return not psutil.wait_procs(processes, timeout=seconds)[1]


def started_parent(tmp_path, code, mode):
    (tmp_path / "code.zip").write_bytes(code({"app.py": CHILD}))
    (tmp_path / "tmp").mkdir()
    os.mkfifo(tmp_path / "fifo")
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path / "code.zip", mode, tmp_path / "fifo"],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )


def test_a_process_that_forgets_to_close_leaves_nothing_behind(tmp_path, code):
    with started_parent(tmp_path, code, "exit") as parent:
        pids = json.loads(parent.stdout.readline())
        assert parent.wait(timeout=30) == 0
    assert gone(pids)
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
def test_a_parent_killed_with_signal_9_leaves_no_process_behind(tmp_path, code):
    with started_parent(tmp_path, code, "stay") as parent:
        pids = json.loads(parent.stdout.readline())
        busy = int((tmp_path / "fifo").read_text())  # opens when the handler does
        parent.kill()
        parent.wait()
    assert gone([*pids, busy])
    assert not list((tmp_path / "tmp").iterdir())


def test_the_portable_client_reports_the_same_as_awslambdaric(function, runtime, archive):
    """A layer that hides awslambdaric leaves the client that other systems use."""
    hidden = archive({"python/awslambdaric.py": "raise ModuleNotFoundError(name='awslambdaric')"})
    source = (
        "import os\n"
        "def handler(event, context):\n"
        "    if event == 'raise':\n"
        "        raise LookupError('no such run')\n"
        "    if event == 'object':\n"
        "        return object()\n"
        "    return [event, context.function_name, context.get_remaining_time_in_millis() > 0]\n"
    )

    def outcomes(layers):
        results = []
        for event in (b'{"a": 1}', b'"raise"', b'"object"'):
            answer = runtime.invoke(function(source, layers=layers), event)
            document = json.loads(answer.payload)
            if answer.function_error:
                document.pop("requestId")
                document["stackTrace"] = len(document["stackTrace"])
            results.append(document)
        for broken in ("import nowhere", "x = 1", "def handler("):
            answer = runtime.invoke(function(broken, layers=layers), b"{}")
            results.append(json.loads(answer.payload)["errorType"])
        return results

    portable = outcomes((hidden,))
    assert portable == outcomes(())
    assert portable[0] == [{"a": 1}, "probe", True]
