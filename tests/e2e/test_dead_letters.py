"""What could not be sent stops at a budget, and is sent later: in order, each event once."""

import json
import re
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import islice
from typing import Any

import httpx
import pytest

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.visitors import Visitors
from tests.delivery.test_dead_letter import set_limit
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop
from tests.e2e.shop import SCHEMA, START_MS, Request, arrived
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

LIVE_CARE = "match: first\notherwise: dead_letter\nrules:\n  - name: position\n"
NINE_OF_TEN_FAIL = LIVE_CARE + "    when: kafka.offset % 10 == 0\n"


def edit(shop: Shop, old: str, new: str) -> None:
    """Change the mapping file of the shop, in place."""
    path = shop.folder / "mapping.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def dlq(bridge: Bridge, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`yespo-bridge dlq ...` with that bridge's configuration."""
    return subprocess.run(
        command(bridge, *arguments),
        env=Bridge.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def command(bridge: Bridge, *arguments: str) -> list[str]:
    name, *rest = arguments
    config = str(bridge.folder / "bridge.yaml")
    return [*(sys.executable, "-m", "consumer", "dlq", name, "--config", config), *rest]


def replayed(bridge: Bridge) -> dict[str, Any]:
    """Replay; returns the summary."""
    done = dlq(bridge, "replay", "--json", "--rate", "2000")
    assert done.returncode == 0, done.stderr + done.stdout
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def out_of_order(shop: Shop, requests: list[Request]) -> list[Request]:
    """First deliveries that came after a later one of the same person."""
    newest: dict[tuple[int, str, str], int] = defaultdict(lambda: -1)
    seen: set[Request] = set()
    found = []
    for request in requests:
        if request in seen:
            continue
        seen.add(request)
        lane = (
            request.partition,
            request.api,
            shop.topic.persons[request.partition, request.offset],
        )
        if request.offset < newest[lane]:
            found.append(request)
        newest[lane] = max(newest[lane], request.offset)
    return found


def stopped(bridge: Bridge) -> bool:
    bridge.must_run()
    return bool(bridge.status()["dead_letters"]["stopped"])


def test_a_bad_mapping_stops_at_its_budget_and_a_replay_mends_it(shop: Shop) -> None:
    shop.fill(1500)
    bad = shop.bridge()
    edit(shop, LIVE_CARE, NINE_OF_TEN_FAIL)
    bad.start()
    bad.wait_ready()
    wait_until(lambda: stopped(bad), 30, "the breaker")
    bad.wait_ready()
    assert "yespo_bridge_dead_letter_breaker_open 1.0" in bad.metrics()
    code, _ = bad.terminate()
    assert code == 0
    [line] = [text for text in bad.log.splitlines() if "stopped taking records" in text]
    assert re.search(r"\d+ (of the last \d+ records|records in a row) became dead letters", line)
    failed = bad.ledger["outcomes"]["dead_lettered"]
    assert 90 <= failed <= 250
    assert bad.ledger["reasons"]["dead_lettered"] == {"no_rule": failed}

    before = arrived(shop.sandbox.received)
    assert not out_of_order(shop, before)
    listed = json.loads(dlq(bad, "ls", "--json").stdout)
    assert listed["letters"] == failed
    assert [
        (one["topic"], one["stage"], one["reason"], one["count"]) for one in listed["groups"]
    ] == [(shop.clicks, "mapping", "no_rule", failed)]
    edit(shop, NINE_OF_TEN_FAIL, LIVE_CARE)
    rehearsed = dlq(bad, "replay", "--dry-run", "--json")
    assert rehearsed.returncode == 0, rehearsed.stderr
    would = json.loads(rehearsed.stdout)
    assert (would["records"], would["invalid"]) == (failed, [])
    assert arrived(shop.sandbox.received) == before

    # What is tried again is overtaken by whoever does not wait for it.
    shop.sandbox.faults = FaultProfile(error=0.1)
    summary = replayed(bad)
    shop.sandbox.faults = FaultProfile()
    after = arrived(shop.sandbox.received)[len(before) :]
    assert (summary["letters"], summary["delivered"]) == (failed, failed)
    assert len(after) == would["would_send"]
    assert not out_of_order(shop, after)
    assert Counter(after).most_common(1)[0][1] == 1

    again = replayed(bad)
    assert again["letters"] == 0
    good = shop.bridge()
    good.start()
    shop.wait_committed()
    code, _ = good.terminate()
    assert code == 0
    verdict = shop.verdict()
    assert (verdict.lost, verdict.repeated, verdict.unexpected) == ([], 0, [])
    assert verdict.violations == 0


def test_of_three_events_the_replay_sends_the_one_that_failed(shop: Shop) -> None:
    shop.fill(60)
    bridge = shop.bridge(delivery={"rules": [{"status": 403, "means": "invalid"}]})
    edit(
        shop,
        "      - v2: clickForwarded",
        '      - legacy: CustomEvent\n        EventName: f"second-{kafka.offset % 10}"\n'
        "      - v2: clickForwarded",
    )
    shop.sandbox.faults = FaultProfile(forbid="second-3")
    bridge.start()
    failing = sum(offset % 10 == 3 for _, offset in shop.topic.persons)
    shop.dead_letters(failing)
    shop.wait_committed()
    code, _ = bridge.terminate()
    assert code == 0
    [group] = json.loads(dlq(bridge, "ls", "--json").stdout)["groups"]
    assert (group["event"], group["count"]) == ("main/legacy/CustomEvent", failing)
    shown = dlq(bridge, "show", "--json", group["latest"])
    letter = json.loads(shown.stdout)
    assert letter["failed_events"] == ["main/legacy/CustomEvent/position/1"]
    assert letter["why"][0]["reason"] == "rejected"
    assert letter["today"]["replay_sends"] == ["main/legacy/CustomEvent/position/1"]
    shop.sandbox.faults = FaultProfile()
    taken = [request for request in shop.sandbox.received if request.taken]
    summary = replayed(bridge)
    assert (summary["delivered"], summary["events_delivered"]) == (failing, failing)
    sent = [request for request in shop.sandbox.received if request.taken][len(taken) :]
    assert len(sent) == failing
    assert {json.loads(request.body)["CustomEvent"]["EventName"] for request in sent} == {
        "second-3"
    }


def test_damaged_records_of_one_producer_stop_nothing_until_they_are_most_of_a_topic(
    shop: Shop,
) -> None:
    bridge = shop.bridge()
    bridge.start()
    bridge.wait_ready()
    damaged(shop, 120)
    shop.fill(600)
    shop.wait_committed()
    assert not stopped(bridge)
    assert [one for one in bridge.log.splitlines() if "stopped taking records" in one] == []
    lines = [one for one in bridge.log.splitlines() if "a record becomes a dead letter" in one]
    assert len(lines) == 10, "ten a minute, of 120"
    assert json.loads(lines[0])["record"] == f"{shop.clicks}/0@0"
    damaged(shop, 400)
    wait_until(lambda: stopped(bridge), 30, "the breaker")
    wait_until(lambda: "cannot be decoded" in readiness(bridge), 15, "/readyz to say so")
    assert readiness(bridge).startswith("ok\n")
    assert f"records of {shop.clicks} cannot be decoded" in readiness(bridge)


def damaged(shop: Shop, count: int) -> None:
    """In one partition, one after the other."""
    producer = shop.kafka.producer()
    for _ in range(count):
        producer.produce(shop.clicks, b"no avro at all", b"odd", partition=0)
    assert producer.flush(30) == 0


def readiness(bridge: Bridge) -> str:
    url = f"http://127.0.0.1:{bridge.port}/readyz"
    return httpx.get(url, trust_env=False, timeout=10).text


def test_a_killed_replay_goes_on_and_loses_nothing(shop: Shop) -> None:
    shop.fill(600)
    bridge = shop.bridge(
        dead_letters={"topic": shop.dead, "breaker": {"in_a_row": 10_000, "records": 10_000}}
    )
    never = LIVE_CARE + "    when: kafka.offset < 0\n"
    edit(shop, LIVE_CARE, never)
    bridge.start()
    shop.wait_committed()
    bridge.terminate()
    assert shop.arrived() == 0
    edit(shop, never, LIVE_CARE)
    arguments = command(bridge, "replay", "--rate", "100")
    replay = subprocess.Popen(arguments, env=Bridge.environment(), stderr=subprocess.DEVNULL)
    wait_until(lambda: shop.arrived() >= 400, 60, "400 replayed requests")
    replay.send_signal(signal.SIGKILL)
    replay.wait(10)
    killed_at = shop.arrived()
    summary = replayed(bridge)
    assert summary["finished"]
    assert 0 < summary["letters"] < 600
    verdict = shop.verdict()
    assert verdict.clean, verdict
    assert verdict.repeated <= 1064  # delivery.max_in_flight + commit.max_unacknowledged
    assert shop.arrived() > killed_at


def test_what_fails_again_is_counted_and_left_out_at_last(shop: Shop) -> None:
    shop.fill(20)
    bridge = shop.bridge()
    edit(shop, LIVE_CARE, LIVE_CARE + "    when: kafka.offset < 0\n")
    bridge.start()
    shop.wait_committed()
    bridge.terminate()
    done = dlq(bridge, "replay", "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["failed_again"] == {"no_rule": 20}
    assert json.loads(dlq(bridge, "ls", "--json").stdout)["letters"] == 40
    done = dlq(bridge, "replay", "--json", "--max-replays", "1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["left_out"] == {"replayed_too_often": 20}
    done = dlq(bridge, "replay", "--json", "--max-replays", "1", "--from-start")
    assert done.returncode == 1, done.stderr
    anew = json.loads(done.stdout)
    assert (anew["failed_again"], anew["left_out"]) == ({"no_rule": 20}, {"replayed_too_often": 20})
    assert shop.arrived() == 0


def test_a_dry_run_reports_and_leaves_no_trace(shop: Shop) -> None:
    shop.fill(200)
    bridge = shop.bridge()
    config = str(bridge.write_config())
    known = sum(request.api == "v2" for request in shop.topic.expected)
    done = subprocess.run(
        [sys.executable, "-m", "consumer", "run", "--dry-run", "--json", "--config", config],
        env=Bridge.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["records"], found["would_send"]) == (200, 200 + known)
    assert {(one["event"], one["count"]) for one in found["events"]} == {
        ("CustomEvent", 200),
        ("clickForwarded", known),
    }
    assert shop.arrived() == 0
    assert shop.kafka.committed(shop.group, shop.clicks) == {}


def test_what_is_discarded_is_not_replayed_and_the_listing_says_what_became_of_each(
    shop: Shop,
) -> None:
    shop.fill(40)
    bridge = shop.bridge()
    edit(shop, LIVE_CARE, LIVE_CARE + "    when: kafka.offset < 0\n")
    bridge.start()
    shop.wait_committed()
    bridge.terminate()
    edit(shop, LIVE_CARE + "    when: kafka.offset < 0\n", LIVE_CARE)
    listed = json.loads(dlq(bridge, "ls", "--json").stdout)
    assert (listed["letters"], listed["waiting"]) == (40, 40)
    place = listed["groups"][0]["latest"].rpartition("/")[2]
    asked = dlq(bridge, "discard", place, "--why", "a test order")
    assert asked.returncode == 1, "nobody said yes"
    unchosen = dlq(bridge, "discard", "--why", "all", "--yes")
    assert unchosen.returncode == 2
    done = dlq(bridge, "discard", place, "--why", "a test order", "--by", "anna", "--yes")
    assert done.returncode == 0, done.stderr
    summary = replayed(bridge)
    assert summary["delivered"] == 39
    assert summary["left_out"] == {"discarded": 1, "mark": 1}
    listed = json.loads(dlq(bridge, "ls", "--json").stdout)
    [group] = listed["groups"]
    assert (group["delivered"], group["discarded"], listed["waiting"]) == (39, 1, 0)
    assert (listed["discards"][0]["by"], listed["discards"][0]["why"]) == ("anna", "a test order")
    assert listed["foreign"] == 0
    text = dlq(bridge, "ls").stdout
    assert "39 sent again by a replay, 1 discarded" in text
    assert max(map(len, text.splitlines())) < 80
    assert "no rule" in text or "no_rule" in text


def test_a_record_too_large_for_the_topic_and_one_with_our_headers_are_replayed(
    shop: Shop,
) -> None:
    set_limit(shop.kafka, shop.dead, "6000")
    write = AvroWriter(SCHEMA, shop.schema_id)
    one, other = islice((r for r in Visitors(1, lambda: START_MS).records() if r["visitor_id"]), 2)
    one["device"] = {"platform": "Web", "user_agent": "x" * 20_000}
    producer = shop.kafka.producer()
    producer.produce(shop.clicks, write(one), b"large", partition=0)
    ours: list[tuple[str, str | bytes | None]]
    ours = [("yespo.dlq.replays", b"99"), ("yespo.dlq.offset", b"7"), ("trace", None)]
    producer.produce(shop.clicks, write(other), b"small", partition=0, headers=ours)
    assert producer.flush(30) == 0
    bridge = shop.bridge()
    edit(shop, LIVE_CARE, LIVE_CARE + "    when: kafka.offset < 0\n")
    bridge.start()
    shop.wait_committed(30)
    code, _ = bridge.terminate()
    assert code == 0
    letters = {letter.value(): dict(letter.headers() or []) for letter in shop.dead_letters(2)}
    assert set(letters) == {None, write(other)}
    assert letters[None]["yespo.dlq.carried"] == b"position"
    assert int(letters[None]["yespo.dlq.size"] or 0) > 20_000
    shown = [json.loads(line) for line in dlq(bridge, "show", "--json").stdout.splitlines()]
    [carried] = [each for each in shown if "not_carried" not in each]
    [lacking] = [each for each in shown if "not_carried" in each]
    assert lacking["not_carried"].endswith("read from its position")
    assert "shop.Click" in lacking["record"]["value"]
    assert (carried["replays"], len(carried["record"]["headers"])) == (0, 3)
    edit(shop, LIVE_CARE + "    when: kafka.offset < 0\n", LIVE_CARE)
    summary = replayed(bridge)
    assert (summary["letters"], summary["delivered"]) == (2, 2)
    assert {each.offset for each in arrived(shop.sandbox.received)} == {0, 1}
