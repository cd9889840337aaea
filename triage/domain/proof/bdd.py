"""Exact functions of many yes/no choices: reduced ordered binary decision diagrams.

A function is a whole number, and equal functions have equal numbers: whether something is ever so, or always the
same as something else, is plain to see once its function is made. All functions of one `Diagrams` share their parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from itertools import pairwise

Function = int
NEVER: Function = 0
ALWAYS: Function = 1
Choice = tuple[str, str]  # its name: an item's key and a code

LAST = 1 << 30  # the place of the two constants: below every choice


class Diagrams:
    """The functions over a growing, ordered list of named choices."""

    def __init__(self) -> None:
        self._names: list[Choice] = []
        self._places: dict[Choice, int] = {}
        self._nodes: list[tuple[int, Function, Function]] = [(LAST, NEVER, NEVER), (LAST, ALWAYS, ALWAYS)]
        self._made: dict[tuple[int, Function, Function], Function] = {}
        self._chosen: dict[tuple[Function, Function, Function], Function] = {}
        self._fixed: dict[tuple[tuple[int, bool], ...], dict[Function, Function]] = {}
        self._counts: dict[Function, int] = {NEVER: 0, ALWAYS: 1}
        self._costs: dict[Function, float] = {NEVER: float("inf"), ALWAYS: 0}
        self._read: dict[Function, frozenset[int]] = {}
        self._free: set[int] = set()  # the places of choices that cost nothing to say yes to

    def __len__(self) -> int:
        """How many functions were made: what the memory grows with."""
        return len(self._nodes)

    def forget(self) -> None:
        """Forget how functions were made, which takes more room than the functions; they stay."""
        self._chosen.clear()
        self._fixed.clear()
        self._read.clear()

    def knows(self, name: Choice) -> bool:
        """Whether the choice has its place in the order."""
        return name in self._places

    def choice(self, name: Choice, *, free: bool = False) -> Function:
        """The function that is the choice itself; a new name comes last in the order. `free`: see `fewest`."""
        if name not in self._places:
            self._places[name] = len(self._names)
            self._names.append(name)
            self._counts = {NEVER: 0, ALWAYS: 1}  # they count over all choices
            if free:
                self._free.add(self._places[name])
        return self._node(self._places[name], NEVER, ALWAYS)

    def _node(self, place: int, low: Function, high: Function) -> Function:
        if low == high:
            return low
        key = (place, low, high)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = len(self._nodes)
            self._nodes.append(key)
        return found

    # Making functions from functions

    def choose(self, test: Function, then: Function, other: Function) -> Function:
        """`then` where `test` holds, `other` where it does not: every connective is one of these."""
        if test == ALWAYS or then == other:
            return then
        if test == NEVER:
            return other
        if then == ALWAYS and other == NEVER:
            return test
        if other == NEVER and then < test:
            test, then = then, test  # "both" reads the same either way: keep one of them
        elif then == ALWAYS and other < test:
            test, other = other, test
        key = (test, then, other)
        found = self._chosen.get(key)
        if found is None:
            found = self._chosen[key] = self._chosen_by_halves(test, then, other)
        return found

    def _chosen_by_halves(self, test: Function, then: Function, other: Function) -> Function:
        """Once for the no and once for the yes to the first choice that one of them reads. A proof spends its time
        here, so nothing is made on the way."""
        test_at, test_low, test_high = self._nodes[test]
        then_at, then_low, then_high = self._nodes[then]
        other_at, other_low, other_high = self._nodes[other]
        place = min(test_at, then_at, other_at)
        if test_at > place:
            test_low = test_high = test
        if then_at > place:
            then_low = then_high = then
        if other_at > place:
            other_low = other_high = other
        low = self.choose(test_low, then_low, other_low)
        return self._node(place, low, self.choose(test_high, then_high, other_high))

    def no(self, function: Function) -> Function:
        return self.choose(function, NEVER, ALWAYS)

    def both(self, *functions: Function) -> Function:
        result = ALWAYS
        for function in functions:
            result = self.choose(function, result, NEVER)
        return result

    def either(self, functions: Iterable[Function]) -> Function:
        result = NEVER
        for function in functions:
            result = self.choose(function, ALWAYS, result)
        return result

    def without(self, function: Function, other: Function) -> Function:
        """Where `function` holds and `other` does not."""
        return self.choose(other, NEVER, function)

    def differ(self, function: Function, other: Function) -> Function:
        """Where one of them holds and the other does not."""
        return self.choose(function, self.no(other), other)

    def at_least(self, count: int, functions: Iterable[Function]) -> Function:
        """Where `count` or more of the functions hold."""
        reached = [ALWAYS] + [NEVER] * count  # reached[n]: n or more of the functions so far
        for function in functions:
            longer = [self.choose(function, fewer, same) for fewer, same in pairwise(reached)]
            reached = [ALWAYS, *longer]
        return reached[count]

    def fixed(self, function: Function, setting: Mapping[Choice, bool]) -> Function:
        """The function with some choices made; it no longer depends on them."""
        read = self._reads(function)
        made = {place: value for name, value in setting.items() if (place := self._places[name]) in read}
        if not made:
            return function
        known = self._fixed.setdefault(tuple(sorted(made.items())), {})
        last = max(made)

        def fix(function: Function) -> Function:
            place, low, high = self._nodes[function]
            if place > last:
                return function
            if function not in known:
                half = high if made.get(place) else low
                known[function] = fix(half) if place in made else self._node(place, fix(low), fix(high))
            return known[function]

        return fix(function)

    # What a function says

    def _reads(self, function: Function) -> frozenset[int]:
        """The places of the choices that it depends on."""
        found = self._read.get(function)
        if found is None:
            found = frozenset(self._nodes[part][0] for part in self._within(function))
            self._read[function] = found
        return found

    def count(self, function: Function) -> int:
        """In how many of all ways to make the choices it holds: exact."""
        return self._count(function) << self._place(function)

    def _count(self, function: Function) -> int:
        """The ways to make the choices from the function's own place on."""
        found = self._counts.get(function)
        if found is None:
            place, low, high = self._nodes[function]
            ways = (self._count(half) << self._place(half) - place - 1 for half in (low, high))
            found = self._counts[function] = sum(ways)
        return found

    def count_each(self, function: Function) -> dict[Choice, int]:
        """For every choice: in how many of the ways in which the function holds it is a yes."""
        above = {function: 1 << self._place(function)}  # the ways to make the choices above a part
        yes, read = Counter[int](), Counter[int]()  # by place: the ways through the parts that stand there
        for part in self._parts(function):
            place, low, high = self._nodes[part]
            for half in (low, high):
                arriving = above[part] << self._place(half) - place - 1
                above[half] = above.get(half, 0) + arriving
                read[place] += arriving * self._count(half)
            yes[place] += arriving * self._count(high)
        total = self.count(function)  # where a choice is not read, half of the ways say yes to it
        return {name: yes[place] + (total - read[place]) // 2 for place, name in enumerate(self._names)}

    def _parts(self, function: Function) -> list[Function]:
        """The functions that this one is made of, itself among them, in the order of the choices; no constants."""
        return sorted(self._within(function), key=self._place)

    def _within(self, function: Function) -> set[Function]:
        found, waiting = set(), [function]
        while waiting:
            part = waiting.pop()
            if part > ALWAYS and part not in found:
                found.add(part)
                waiting += self._nodes[part][1:]
        return found

    def _place(self, function: Function) -> int:
        return min(self._nodes[function][0], len(self._names))

    def holds(self, function: Function, chosen: Container[Choice]) -> bool:
        """Whether it holds when yes is said to these choices and no to all others."""
        while function > ALWAYS:
            place, low, high = self._nodes[function]
            function = high if self._names[place] in chosen else low
        return function == ALWAYS

    def fewest(self, function: Function) -> tuple[Choice, ...] | None:
        """The fewest choices to say yes to (and no to all others) so that it holds; None if it never does.

        Choices that are free do not count.
        """
        if function == NEVER:
            return None
        chosen = []
        while function != ALWAYS:
            place, low, high = self._nodes[function]
            if self._cost(low) <= self._cost(high) + self._price(place):
                function = low
            else:
                chosen.append(self._names[place])
                function = high
        return tuple(chosen)

    def _cost(self, function: Function) -> float:
        found = self._costs.get(function)
        if found is None:
            place, low, high = self._nodes[function]
            found = min(self._cost(low), self._cost(high) + self._price(place))
            self._costs[function] = found
        return found

    def _price(self, place: int) -> int:
        return 0 if place in self._free else 1
