"""Plant every small fault in the decision, one at a time, and count who notices. Takes some minutes."""

import sys
import time
from collections import Counter
from typing import Any

from triage.domain.proof.mutate import Hunt, mutants
from triage.management.content import ContentCommand, named_content


class Command(ContentCommand):
    help = __doc__

    def handle(self, *args: Any, content: str, **options: Any) -> None:
        start = time.monotonic()
        loaded = named_content(content)
        hunt = Hunt(loaded)
        every = list(mutants(loaded))
        noticed: Counter[str] = Counter()
        same: list[str] = []
        survived: list[str] = []
        for number, mutant in enumerate(every, start=1):
            if who := hunt.noticed_by(mutant):
                noticed[who.split()[0]] += 1
            else:
                (same if hunt.equivalent(mutant) else survived).append(f"{mutant.where}: {mutant.what}")
            if number % 50 == 0:
                self.stderr.write(f"… {number} of {len(every)}, {time.monotonic() - start:.0f} s")
        for line in score(len(every), noticed, same, survived):
            self.stdout.write(line)
        self.stdout.write(f"{time.monotonic() - start:.0f} s")
        if survived:
            sys.exit(1)


def score(count: int, noticed: Counter[str], same: list[str], survived: list[str]) -> list[str]:
    different = count - len(same)
    return [
        f"{noticed.total()} of {different} mutants killed ({noticed.total() / different:.1%}), each by the first to "
        f"notice: {noticed['vignette']} by a vignette, {noticed['golden']} by the golden table, "
        f"{noticed['property']} by a property.",
        *(f"SURVIVED {mutant}" for mutant in survived),
        f"{len(same)} more are equivalent: they decide every answer set as the content does.",
        *(f"  {mutant}" for mutant in same),
    ]
