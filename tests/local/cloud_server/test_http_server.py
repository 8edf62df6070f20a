"""The HTTP server that the embedded AWS stands behind."""

import http.client
import socket
import threading
from contextlib import closing

import pytest

from bedrock_customization_local.cloud.http_server import HttpServer


class Application:
    """Answers with what it was asked, or as a test says."""

    def __init__(self):
        self.asked = []
        self.status, self.headers, self.body = "200 OK", [("X-Own", "yes")], [b"one", b"two"]
        self.before = lambda _environ: None

    def __call__(self, environ, start_response):
        self.asked.append((environ, environ["wsgi.input"].read()))
        self.before(environ)
        start_response(self.status, list(self.headers))
        return self.body


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def server(application):
    server = HttpServer(("127.0.0.1", 0), application)
    server.start()
    yield server
    server.close()


@pytest.fixture
def connection(server):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        yield connection


def ask(connection, method="GET", target="/", **request):
    connection.request(method, target, **request)
    answer = connection.getresponse()
    return answer, answer.read()


def raw(server, *pieces):
    """Send pieces of a request one by one and return all that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_one_connection_carries_many_requests(application, connection):
    for number in range(3):
        answer, body = ask(connection, "POST", f"/{number}", body=b"x" * number)
        assert (answer.status, answer.headers["X-Own"], body) == (200, "yes", b"onetwo")
    ports = {environ["REMOTE_PORT"] for environ, _ in application.asked}
    assert len(ports) == 1
    assert [body for _, body in application.asked] == [b"", b"x", b"xx"]


def test_a_body_that_nobody_read_is_not_taken_for_the_next_request(application, server):
    application.asked = type("Nothing", (), {"append": lambda *_: None})()
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\nGET /evil HTTP"
    assert raw(server, request + request).count(b"HTTP/1.1 200 OK") == 2


def test_pipelined_requests_are_answered_in_their_order(application, server):
    answers = raw(server, b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(3)))
    assert answers.count(b"onetwo") == 3
    assert [environ["PATH_INFO"] for environ, _ in application.asked] == ["/0", "/1", "/2"]


def test_a_client_that_asks_beforehand_is_told_to_send_its_body(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        head = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"body")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_in_chunks_has_a_length_in_the_end(application, connection):
    ask(connection, "PUT", body=iter([b"first, ", b"second"]), encode_chunked=True)
    ((environ, body),) = application.asked
    assert body == b"first, second"
    assert environ["CONTENT_LENGTH"] == "13"
    assert "HTTP_TRANSFER_ENCODING" not in environ


def test_a_body_of_megabytes_goes_both_ways(application, connection):
    body = bytes(range(256)) * 40_000
    application.body = [body]
    _, answered = ask(connection, "PUT", body=body)
    assert application.asked[0][1] == body
    assert answered == body


def test_paths_arrive_decoded_and_as_they_were_sent(application, connection):
    ask(connection, target="/a%2Fb/%C3%BC?x=%20")
    ((environ, _),) = application.asked
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/a/b/ü"
    assert environ["RAW_URI"] == "/a%2Fb/%C3%BC?x=%20"
    assert environ["QUERY_STRING"] == "x=%20"


def test_metadata_of_s3_keeps_its_underscores_and_nothing_else_does(application, connection):
    headers = {"x-amz-meta-my_key": "1", "X_Forged": "2", "X-Forged": "3"}
    ask(connection, headers=headers)
    ((environ, _),) = application.asked
    assert environ["moto.preserved_header_names"] == {"HTTP_X_AMZ_META_MY_KEY": "x-amz-meta-my_key"}
    assert environ["HTTP_X_FORGED"] == "3"


def test_the_answer_to_head_tells_a_length_and_has_no_body(application, connection):
    application.headers, application.body = [("Content-Length", "1000")], []
    answer, body = ask(connection, "HEAD")
    assert (answer.headers["Content-Length"], body) == ("1000", b"")
    assert ask(connection, "HEAD")[0].status == 200


def test_an_answer_without_content_has_no_length(application, connection):
    application.status, application.body = "204 No Content", []
    answer, body = ask(connection, "DELETE")
    assert (answer.status, answer.headers["Content-Length"], body) == (204, None, b"")


def test_a_failure_of_the_application_is_answered_and_logged(application, connection, caplog):
    def fail(_environ):
        raise LookupError("nothing there")

    application.before = fail
    assert ask(connection)[0].status == 500
    assert "LookupError: nothing there" in caplog.text
    application.before = lambda _environ: None
    assert ask(connection)[0].status == 200


def test_what_is_not_http_is_refused(application, server):
    assert raw(server, b"\x16\x03\x01 hello\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert not application.asked


def test_a_connection_ends_when_the_client_wants_it(connection):
    answer, _ = ask(connection, headers={"Connection": "close"})
    assert answer.headers["Connection"] == "close"


def test_a_client_that_leaves_before_its_answer_harms_nobody(
    application, server, connection, caplog
):
    left = threading.Event()
    application.before = lambda environ: left.wait(10) if environ["PATH_INFO"] == "/left" else None
    application.body = [b"x" * 10_000_000]
    with socket.create_connection(("127.0.0.1", server.port)) as leaving:
        leaving.sendall(b"GET /left HTTP/1.1\r\nHost: x\r\n\r\n")
    left.set()
    assert len(ask(connection)[1]) == 10_000_000
    assert not caplog.records


def test_requests_that_wait_for_others_do_not_keep_them_out(application, server):
    everybody = threading.Barrier(100)
    application.before = lambda _environ: everybody.wait(30)
    answers = []

    def one():
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as client:
            answers.append(ask(client)[0].status)

    clients = [threading.Thread(target=one) for _ in range(100)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert answers == [200] * 100


def test_closing_ends_idle_connections(application):
    server = HttpServer(("127.0.0.1", 0), application)
    server.start()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        ask(connection)
        server.close()
        assert connection.sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=10)


def test_a_port_that_is_taken_is_an_error(server, application):
    with pytest.raises(OSError, match="in use"):
        HttpServer(("127.0.0.1", server.port), application)
