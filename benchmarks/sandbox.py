"""How many requests per second the sandbox takes on one core, verdict included.

    python benchmarks/sandbox.py [--seconds 5] [--connections 32]

The sandbox runs in a process of its own, bound to one core; the load comes from this process as
prepared bytes, one request in flight per connection, so that what is measured is the sandbox.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from selectors import EVENT_READ, DefaultSelector

LEGACY = (
    b'{"GeneralInfo":{"eventName":"ProductPage","siteId":"8A412DC","datetime":1579622183208,'
    b'"externalCustomerId":"1234509876","cookies":{"sc":"CDA68358-94FB-4D83-9655-3FEB3C4114A3"}},'
    b'"ProductPage":{"Product":{"productKey":"%06d","price":"754 USD","isInStock":"1",'
    b'"tag_something":["abc","bca"]},"Tags":{"some_tags":["some_tag1","some_tag2"]}}}'
)
V2 = (
    b'{"eventTypeKey":"cartUpdated","keyValue":"example@email.com","params":['
    b'{"name":"email","value":"example@email.com"},{"name":"products","value":'
    b'"[{\\"productId\\":\\"WS01-L-%06d\\",\\"quantity\\":1,\\"price\\":45.5}]"},'
    b'{"name":"currencyCode","value":"USD"},'
    b'{"name":"recycleStateId","value":"d59c6e6d-4123-4b0e-8c32-15f0656a8c60"}]}'
)
HEAD = (
    b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json; charset=UTF-8\r\n"
    b"Authorization: Basic dXNlcjpzYW5kYm94LWtleQ==\r\nContent-Length: %d\r\n\r\n%b"
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

SERVER = """
import sys, resource
from consumer.sandbox.server import Sandbox
sandbox = Sandbox(keep=1000)
sandbox.start_in_thread()
def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
print(sandbox.port, flush=True)
before = cpu()
sys.stdin.readline()
totals = sandbox.totals
print(totals.requests, totals.taken, totals.violating, cpu() - before, flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    for name, path, template in (("legacy", b"/api/v2", LEGACY), ("v2", b"/api/v2/event", V2)):
        print(json.dumps({"api": name, **measure(path, template, options)}))


def measure(path: bytes, template: bytes, options: argparse.Namespace) -> dict[str, object]:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    port = int(server.stdout.readline())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(server.pid, {max(os.sched_getaffinity(0))})
    bodies = [template % number for number in range(1000)]
    requests = [HEAD % (path, len(body), body) for body in bodies]
    sent, seconds = load(port, requests, options.connections, options.seconds)
    server.stdin.write("\n")
    server.stdin.flush()
    arrived, taken, violating, cpu = server.stdout.readline().split()
    server.wait()
    assert int(arrived) == int(taken) == sent, "the sandbox did not take every request"
    assert int(violating) == 0, "a body of this benchmark breaks the contract"
    return {
        "requests": sent,
        "per_second": round(sent / seconds),
        "cpu_us_per_request": round(float(cpu) / sent * 1e6, 1),
    }


def load(port: int, requests: list[bytes], connections: int, seconds: float) -> tuple[int, float]:
    """Keep one request in flight per connection; (requests answered, seconds taken)."""
    selector = DefaultSelector()
    for _ in range(connections):
        selector.register(socket.create_connection(("127.0.0.1", port)), EVENT_READ)
    started = time.perf_counter()
    sent = answered = 0
    for key in list(selector.get_map().values()):
        assert isinstance(key.fileobj, socket.socket)
        key.fileobj.sendall(requests[sent % len(requests)])
        sent += 1
    while answered < sent:
        more = time.perf_counter() - started < seconds
        for key, _ in selector.select():
            assert isinstance(key.fileobj, socket.socket)
            answer = key.fileobj.recv(4096)
            assert answer == ANSWER, answer
            answered += 1
            if more:
                key.fileobj.sendall(requests[sent % len(requests)])
                sent += 1
    elapsed = time.perf_counter() - started
    for key in list(selector.get_map().values()):
        assert isinstance(key.fileobj, socket.socket)
        key.fileobj.close()
    return answered, elapsed


if __name__ == "__main__":
    main()
