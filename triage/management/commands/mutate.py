"""Plant every small fault in the decision, one at a time, and count who notices. Takes some minutes."""

import sys
import time
from collections import Counter
from typing import Any

from triage.domain.proof.mutate import Hunt, equivalent, mutants
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
            names = list(hunt.noticed_by(mutant))
            noticed.update({"killed", *(name.split()[0] for name in names)} if names else ())
            noticed.update(name for name in names if name.startswith("property "))
            if not names:
                (same if equivalent(loaded, mutant) else survived).append(f"{mutant.where}: {mutant.what}")
            if number % 50 == 0:
                self.stderr.write(f"… {number} of {len(every)}")
        for line in score(len(every), noticed, same, survived):
            self.stdout.write(line)
        self.stdout.write(f"{time.monotonic() - start:.0f} s")
        if survived:
            sys.exit(1)


def score(count: int, noticed: Counter[str], same: list[str], survived: list[str]) -> list[str]:
    different = count - len(same)
    return [
        f"{noticed['killed']} of {different} mutants killed ({noticed['killed'] / different:.1%}): "
        f"{noticed['golden']} by the golden table, {noticed['vignette']} by a vignette, "
        f"{noticed['property']} by a property.",
        *(f"  {name}: {times}" for name, times in noticed.most_common() if name.startswith("property ")),
        *(f"SURVIVED {mutant}" for mutant in survived),
        f"{len(same)} more are equivalent: they decide every answer set as the content does.",
        *(f"  {mutant}" for mutant in same),
    ]
