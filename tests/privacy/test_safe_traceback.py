"""What is told of a bug: where it is, and nothing of what it worked on."""

import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest
import uvloop

from consumer.errors import FatalError, InvalidRecord, KafkaSetupError
from consumer.privacy.safe_traceback import as_fatal, as_invalid, describe, in_loop

SECRET = "ann@shop.ua"


def fails(value: str) -> None:
    int(value)


def raised(value: str = SECRET) -> Exception:
    try:
        fails(value)
    except ValueError as error:
        return error
    raise AssertionError("it did not raise")


def test_a_fault_is_its_type_and_its_places_the_innermost_first() -> None:
    text = describe(raised())
    assert text.startswith("ValueError at tests/privacy/test_safe_traceback.py:")
    assert "(fails) < tests/privacy/test_safe_traceback.py:" in text
    assert text.endswith("(raised)")
    assert SECRET not in text


def test_what_it_was_raised_from_is_told_the_same_way() -> None:
    try:
        try:
            fails(SECRET)
        except ValueError as error:
            raise KeyError(SECRET) from error
    except KeyError as error:
        text = describe(error)
    assert text.startswith("KeyError at ")
    assert "; after ValueError at " in text
    assert SECRET not in text


def test_a_bug_costs_the_record_and_quotes_nothing_of_it() -> None:
    found = as_invalid(raised(), "mapping")
    assert (found.stage, found.reason) == ("mapping", "internal")
    assert SECRET not in str(found)


def test_errors_raised_on_purpose_stay_what_they_are() -> None:
    invalid = InvalidRecord("decode", "truncated", "the record ends early")
    assert as_invalid(invalid, "mapping") is invalid
    setup = KafkaSetupError("Kafka denies access")
    assert as_fatal("x", setup) is setup
    fatal = as_fatal("a call-back failed", raised())
    assert isinstance(fatal, FatalError)
    assert str(fatal).startswith("a call-back failed: ValueError at tests/privacy/")


@pytest.mark.parametrize("make", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_bug_in_a_call_back_asks_for_the_end_and_a_broken_connection_does_not(
    make: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    stopped: list[Exception] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(in_loop(stopped.append))
        loop.call_exception_handler({"message": SECRET, "exception": ConnectionResetError(SECRET)})
        loop.call_exception_handler({"message": SECRET})
        assert stopped == []
        loop.call_soon(os.stat, f"/no/such/{SECRET}")
        loop.call_soon(fails, SECRET)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=make) as runner:
        runner.run(run())
    [no_file, fault] = stopped
    assert str(no_file).startswith("internal fault: FileNotFoundError")
    assert str(fault).startswith("internal fault: ValueError at tests/privacy/")
    assert SECRET not in str(stopped)
    out, err = capfd.readouterr()
    assert SECRET not in out + err


PROGRAM = """
import threading
from consumer.privacy import safe_traceback
safe_traceback.install()
def fails(): int("ann@shop.ua")
class Odd:
    def __del__(self): fails()
thread = threading.Thread(target=fails); thread.start(); thread.join()
odd = Odd(); del odd
fails()
"""


def test_the_interpreter_prints_no_text_of_what_nobody_catches() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("internal fault: ValueError at <string>:") for line in lines), lines
    assert SECRET not in done.stdout + done.stderr
