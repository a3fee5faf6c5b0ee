from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer, ThreadingUnixStreamServer

import pytest
from typing_extensions import override

from tests.chaos.proxy import Break, Proxy, Way

SOON = 0.15
"""Seconds in which loopback would have answered."""


class _Echo(BaseRequestHandler):
    """Says everything twice as loud: `b"a"` comes back as `b"A"`; keeps what it heard."""

    @override
    def handle(self) -> None:
        heard: list[bytes] = self.server.heard  # type: ignore[attr-defined]  # set below, where the server is made
        try:
            while piece := self.request.recv(65536):
                heard.append(piece)
                self.request.sendall(piece.upper())
        except OSError:
            return


class _Tcp(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


class _Unix(ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def serving(server: _Tcp | _Unix) -> Iterator[list[bytes]]:
    heard: list[bytes] = []
    server.heard = heard  # type: ignore[union-attr]  # read by the handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def echo() -> Iterator[tuple[Proxy, list[bytes]]]:
    with _Tcp(("127.0.0.1", 0), _Echo) as server, serving(server) as heard:
        host, port = server.server_address[:2]
        with Proxy((str(host), port)) as proxy:
            yield proxy, heard


def client(proxy: Proxy, *, timeout: float = 2.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=timeout)


def ask(line: socket.socket, text: bytes) -> bytes:
    line.sendall(text)
    return line.recv(65536)


def read_all(line: socket.socket) -> bytes:
    found = b""
    while piece := line.recv(65536):
        found += piece
    return found


def said_nothing(line: socket.socket) -> bool:
    line.settimeout(SOON)
    try:
        line.recv(1)
    except TimeoutError:
        line.settimeout(2.0)
        return True
    return False


def test_without_a_fault_everything_passes_even_a_half_close(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, heard = echo
    with client(proxy) as line:
        line.sendall(b"x" * 300_000)
        line.shutdown(socket.SHUT_WR)
        assert read_all(line) == b"X" * 300_000
    assert b"".join(heard) == b"x" * 300_000


def test_a_unix_socket_can_stand_behind_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "s"
    with _Unix(str(path), _Echo) as server, serving(server), Proxy(Path(path)) as proxy, client(proxy) as line:
        assert ask(line, b"hello") == b"HELLO"


def test_latency_delays_each_piece_both_ways(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, _ = echo
    with client(proxy) as line:
        proxy.latency(0.1)
        began = time.monotonic()
        assert ask(line, b"hello") == b"HELLO"
        assert 0.2 <= time.monotonic() - began < 1
        proxy.heal()
        began = time.monotonic()
        ask(line, b"hello")
        assert time.monotonic() - began < 0.1


def test_a_stall_accepts_and_says_nothing_until_it_is_healed(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, heard = echo
    with client(proxy) as old:
        ask(old, b"before")
        proxy.stall()
        with client(proxy) as new:
            old.sendall(b"old")
            new.sendall(b"new")
            assert said_nothing(old)
            assert said_nothing(new)
            assert heard == [b"before"]
            proxy.heal()
            assert (old.recv(9), new.recv(9)) == (b"OLD", b"NEW")


def test_a_reset_hits_open_and_new_connections_at_once(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, _ = echo
    with client(proxy) as old:
        ask(old, b"before")
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            old.recv(1)
        with pytest.raises(ConnectionResetError), client(proxy) as new:
            ask(new, b"new")
    proxy.heal()
    with client(proxy) as line:
        assert ask(line, b"again") == b"AGAIN"


def test_a_cut_hits_only_what_is_open(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, _ = echo
    with client(proxy) as old:
        ask(old, b"before")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            old.recv(1)
    with client(proxy) as line:
        assert ask(line, b"again") == b"AGAIN"


@pytest.mark.parametrize("way", list(Way))
def test_a_connection_is_reset_after_so_many_bytes_either_way(echo: tuple[Proxy, list[bytes]], way: Way) -> None:
    proxy, heard = echo
    with client(proxy) as line:
        proxy.break_(Break(way, after=8))
        assert ask(line, b"hello") == b"HELLO"
        line.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            read_all(line)
    assert proxy.broken == 1
    assert b"".join(heard) in {b"hellohel" if way is Way.TO_SERVER else b"hellohello", b"hello"}


def test_a_request_with_the_pattern_arrives_and_its_reply_is_lost(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, heard = echo
    proxy.break_(Break(pattern=b"commit", most=1))
    with client(proxy) as line:
        assert ask(line, b"insert com") == b"INSERT COM"
        line.sendall(b"mit")
        with pytest.raises(ConnectionResetError):
            line.recv(1)
    assert b"".join(heard) == b"insert commit"
    with client(proxy) as line:
        assert ask(line, b"commit") == b"COMMIT", "it was to happen once"


def test_a_request_with_the_pattern_can_be_lost_itself(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, heard = echo
    proxy.break_(Break(pattern=b"commit", arrives=False))
    with client(proxy) as line:
        ask(line, b"insert")
        with pytest.raises(ConnectionResetError):
            ask(line, b"commit")
    assert b"".join(heard) == b"insert"


def test_a_pattern_in_the_reply_loses_the_reply(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, heard = echo
    proxy.break_(Break(Way.TO_CLIENT, pattern=b"201"))
    with client(proxy) as line, pytest.raises(ConnectionResetError):
        ask(line, b"answer 201")
    assert heard == [b"answer 201"]


def test_a_break_by_chance_spares_the_others_and_repeats_with_its_seed() -> None:
    def fates(seed: int) -> list[bool]:
        with _Tcp(("127.0.0.1", 0), _Echo) as server, serving(server):
            found = []
            with Proxy(("127.0.0.1", server.server_address[1]), seed=seed) as proxy:
                proxy.break_(Break(pattern=b"c", arrives=False, chance=0.5))
                for _ in range(20):
                    with client(proxy) as line:
                        try:
                            found.append(ask(line, b"c") == b"C")
                        except ConnectionResetError:
                            found.append(False)
            return found

    assert fates(3) == fates(3) != fates(4)
    assert 4 < sum(fates(3)) < 16


def test_a_truncated_answer_ends_as_if_that_were_all(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, _ = echo
    proxy.truncate(3)
    with client(proxy) as line:
        line.sendall(b"hello")
        assert read_all(line) == b"hello".upper()[:3]


def test_a_half_open_connection_hears_nothing_ever_again_and_new_ones_are_well(
    echo: tuple[Proxy, list[bytes]],
) -> None:
    proxy, heard = echo
    with client(proxy) as old:
        ask(old, b"before")
        proxy.half_open()
        old.sendall(b"anybody there?")
        assert said_nothing(old)
        proxy.heal()
        assert said_nothing(old)
        with client(proxy) as new:
            assert ask(new, b"new") == b"NEW"
    assert heard == [b"before", b"new"]


def test_a_refusing_port_is_closed_until_it_is_healed(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, _ = echo
    with client(proxy) as old:
        ask(old, b"before")
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            old.recv(1)
    with pytest.raises(ConnectionRefusedError):
        client(proxy)
    proxy.heal()
    with client(proxy) as line:
        assert ask(line, b"again") == b"AGAIN"


def test_a_server_that_is_gone_looks_like_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Proxy(("127.0.0.1", port)) as proxy, pytest.raises(ConnectionResetError), client(proxy) as line:
        ask(line, b"hello")


def test_nothing_is_left_running() -> None:
    with _Tcp(("127.0.0.1", 0), _Echo) as server, serving(server):
        with Proxy(("127.0.0.1", server.server_address[1])) as proxy:
            lines = [client(proxy) for _ in range(5)]
            for line in lines:
                ask(line, b"hello")
            proxy.half_open()
            proxy.stall()
        assert not any(thread.name == "proxy" for thread in threading.enumerate())
        for line in lines:
            line.close()
