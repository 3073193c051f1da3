"""How many requests per second the sandbox takes on one core, verdict and notes included.

    python benchmarks/sandbox.py [--seconds 5] [--connections 32] [--record]

The sandbox runs in a process of its own, bound to one core; the load comes from this process, on
the other cores, as prepared bytes with one request in flight per connection. Of the figures

    per_cpu_second   requests for each second of CPU time that the sandbox used: what one core can take
    per_second       requests for each second that passed, whoever was the bottleneck
    busy             the sandbox's share of its core: well below 1, the load or other work on the
                     machine was the bottleneck, and `per_second` says nothing of the sandbox
    load_us          CPU time of the load itself, for each request

the first is the sandbox's own, and hardly depends on what else runs. `--record` also writes each
request to a file, as `sandbox --record` does.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
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
import pathlib, resource, sys
from consumer.sandbox.server import Sandbox
record = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
sandbox = Sandbox(keep=1000, record=record)
sandbox.start_in_thread()
def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
print(sandbox.port, flush=True)
before = cpu()
sys.stdin.readline()
totals = sandbox.totals
sandbox.stop_thread()
dropped = sandbox.recorder.dropped if sandbox.recorder else 0
print(totals.requests, totals.taken, totals.violating, dropped, cpu() - before, flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    for name, path, template in (("legacy", b"/api/v2", LEGACY), ("v2", b"/api/v2/event", V2)):
        with tempfile.TemporaryDirectory() as folder:
            record = [str(Path(folder) / "requests.jsonl")] if options.record else []
            print(json.dumps({"api": name, **measure(path, template, options, record)}))


def measure(
    path: bytes, template: bytes, options: argparse.Namespace, record: list[str]
) -> dict[str, object]:
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, *record],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    port = int(server.stdout.readline())
    if len(cores) > 1:
        for thread in Path(f"/proc/{server.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {max(cores)})
        os.sched_setaffinity(0, cores - {max(cores)})
    bodies = [template % number for number in range(1000)]
    requests = [HEAD % (path, len(body), body) for body in bodies]
    began = time.process_time()
    sent, seconds = load(port, requests, options.connections, options.seconds)
    own = time.process_time() - began
    if cores:
        os.sched_setaffinity(0, cores)
    server.stdin.write("\n")
    server.stdin.flush()
    arrived, taken, violating, dropped, cpu = server.stdout.readline().split()
    server.wait()
    assert int(arrived) == int(taken) == sent, "the sandbox did not take every request"
    assert int(violating) == 0, "a body of this benchmark breaks the contract"
    return {
        "requests": sent,
        "per_cpu_second": round(sent / float(cpu)),
        "per_second": round(sent / seconds),
        "busy": round(float(cpu) / seconds, 2),
        "cpu_us": round(float(cpu) / sent * 1e6, 1),
        "load_us": round(own / sent * 1e6, 1),
        "not_recorded": int(dropped),
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
