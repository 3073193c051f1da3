"""Conditions that decide nothing: rules that no record reaches, tests that hold always or never."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from consumer.documents.findings import Finding, Place
from consumer.mapping.check.checked import CheckedMapping, CheckedRule
from consumer.mapping.check.regions import Allowed, Box, Region, outside, region_of
from consumer.mapping.language.nodes import Logic, Node, plain

MAX_CASES = 100


@dataclass(frozen=True, slots=True)
class Earlier:
    """Something that takes records before a rule does."""

    region: Region
    name: str


def unreachable(mapping: CheckedMapping) -> list[Finding]:
    """A finding per rule that certainly never takes a record, and per condition that decides nothing."""
    found = list(_suppressed(mapping))
    if any(finding.severity == "error" for finding in found):
        return found  # nothing is ever sent: of the rules there is nothing more to say
    before = [
        Earlier(region_of(condition), f"suppress ({reason})")
        for condition, reason in mapping.suppress
    ]
    for rule in mapping.rules:
        if rule.unknown:
            continue
        region = region_of(rule.when)
        place = rule.when.place if rule.when else rule.place
        if not region:
            message = f"the rule `{rule.name}` is never true"
            found.append(Finding(place, "never-true", message, "its conditions contradict"))
            continue
        cover = _covered(region, before)
        if cover:
            found.append(_finding(rule.name, place, cover))
        elif (
            # A single test may be there for the day on which the schema has more. If rules follow,
            # they are named instead.
            rule.when is not None
            and isinstance(plain(rule.when), Logic)
            and (mapping.match_all or rule is mapping.rules[-1])
            and not outside(rule.when)
        ):
            found.append(_always(rule.when, f"the condition of `{rule.name}`"))
        found += _of_sends(rule)
        if not mapping.match_all:
            before.append(Earlier(region, f"rule `{rule.name}`"))
    return found


def _suppressed(mapping: CheckedMapping) -> Iterator[Finding]:
    """Of `suppress`: a condition that holds for every record leaves nothing to send."""
    for condition, reason in mapping.suppress:
        if not outside(condition):
            message = f"`suppress` ({reason}) holds for every record: nothing is ever sent"
            remedy = "ask for the records that must not be sent"
            yield Finding(condition.place, "always-true", message, remedy)
        elif not region_of(condition):
            message = f"`suppress` ({reason}) holds for no record"
            remedy = "its conditions contradict"
            yield Finding(condition.place, "never-true", message, remedy, "warning")


def _of_sends(rule: CheckedRule) -> Iterator[Finding]:
    for send in rule.sends:
        condition = send.each.condition if send.each else send.condition
        if condition is None:
            continue
        if not region_of(condition):
            message, remedy = "this `if` is never true", "its conditions contradict"
            yield Finding(condition.place, "never-true", message, remedy)
        elif not outside(condition):
            yield _always(condition, "this `if`")


def _always(condition: Node, what: str) -> Finding:
    message = f"{what} holds for every record"
    remedy = "leave it out, or ask for what is meant (`and` in place of `or`?)"
    return Finding(condition.place, "always-true", message, remedy, "warning")


def _finding(name: str, place: Place, cover: Sequence[str]) -> Finding:
    message = f"the rule `{name}` is never reached"
    by = ", ".join(dict.fromkeys(cover))
    return Finding(place, "unreachable", message, f"taken before it by: {by}")


def _covered(region: Region, before: Sequence[Earlier]) -> list[str]:
    """Names of those that take all of the region, box by box; none if a record may be left."""
    takers: list[str] = []
    for box in region:
        found = _takers(box, before)
        if not found:
            return []
        takers += found
    return takers


def _takers(box: Box, before: Sequence[Earlier]) -> list[str]:
    """Names of those that take all of a box: one alone, or several, value by value of a path."""
    for earlier in before:
        if any(box.within(other) for other in earlier.region):
            return [earlier.name]
    for key, allowed in box.paths.items():
        if allowed.all_but or not 1 < len(allowed.values) <= MAX_CASES:
            continue
        cover = []
        for value in allowed.values:
            case = replace(box, paths={**box.paths, key: Allowed(frozenset({value}))})
            taker = next(
                (one.name for one in before if any(case.within(other) for other in one.region)),
                None,
            )
            if taker is None:
                break
            cover.append(taker)
        if len(cover) == len(allowed.values):
            return sorted(cover)
    return []
