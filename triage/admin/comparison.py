"""How a release differs from the one that runs, as it is read: first what is less urgent than before."""

from __future__ import annotations

from triage.models import Release
from triage.store.examination import Examined, less_urgent

RARE = 1_000_000  # beyond, nobody can picture the number


def comparison(release: Release, running: Release | None) -> Examined | None:
    """As found when the release was loaded, or when the running one was."""
    found = _kept(release, running)
    if not found:
        return None
    lowered = less_urgent(found)
    rest = [change for change in found["changes"] if change not in lowered]
    found = {**found, "less_urgent": _told(lowered, found), "other": _told(rest, found)}
    return found | {"share": share(found["differ"], found["answer_sets"])} if "differ" in found else found


def share(count: str, answer_sets: str) -> str:
    """As people say it: 1 in 40."""
    part, whole = (int(number.replace(",", "")) for number in (count, answer_sets))
    if part * 2 > whole:
        return f"{part * 100 // whole} in 100"
    return f"1 in {round(whole / part):,}" if part * RARE > whole else "fewer than 1 in a million"


def _told(changes: list[Examined], found: Examined) -> list[Examined]:
    return [
        change
        | {
            "line": f"{change['from']} → {change['to']}",
            "share": share(change["count"], found["answer_sets"]),
        }
        for change in changes
    ]


def _kept(release: Release, running: Release | None) -> Examined | None:
    if running is None or release == running:
        return (release.examined or {}).get("comparison")
    own, its = ((each.examined or {}).get("comparison") for each in (release, running))
    if own and own["with"] == running.sha256:
        return own
    if its and its["with"] == release.sha256:
        turned = {
            name: [_turned(change) for change in its.get(name, ())] for name in ("changes", "wording", "rest")
        }
        return {**its, "name": str(running), **turned}
    return None


def _turned(change: Examined) -> Examined:
    risen = {"rise": -change["rise"]} if "rise" in change else {}
    return {**change, "from": change["to"], "to": change["from"], **risen}
