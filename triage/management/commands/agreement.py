"""How often clinicians' own findings agree with the questionnaire, release by release; counts only."""

from typing import Any

from django.core.management.base import BaseCommand

from triage.admin import agreement


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        tables = agreement.tables()
        for table in tables:
            self.stdout.write(f"Release {table.release}: {table.reviewed} submissions with a finding")
            if table.shown:
                self._print(table)
            else:
                self.stdout.write(f"  Nothing is shown below {agreement.LEAST}.")
        if not tables:
            self.stdout.write("No clinician has written a finding yet.")

    def _print(self, table: agreement.Table) -> None:
        for grid in table.grids:
            width = max(len(name) for name in (*grid.columns, *(name for name, _counts in grid.rows))) + 2
            self.stdout.write(f"  {grid.title} (rows: the questionnaire, columns: the clinician)")
            self.stdout.write("  " + "".join(name.rjust(width) for name in ("", *grid.columns)))
            for name, counts in grid.rows:
                self.stdout.write(
                    "  " + name.rjust(width) + "".join(str(count).rjust(width) for count in counts)
                )
        for name, share in table.shares.items():
            self.stdout.write(f"  {name}: {share}")
