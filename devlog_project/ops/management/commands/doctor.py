"""Try what the settings lead to: one line for each check, and exit code 1 where one fails."""

import json
import sys
from collections import Counter

from django.core.management.base import BaseCommand, CommandParser

from devlog_project.ops.doctor import Check, Finding, database, findings, host, model

CHECKS: list[Check] = [
    host.settings_fit,
    database.database,
    database.migrations,
    database.sqlite_file,
    database.clock,
    host.broker,
    host.locks,
    host.files,
    host.static_files,
    model.key_and_model,
    model.prices,
]


class Command(BaseCommand):
    help = "Try database, broker, key, files and clocks, and say of each whether it is well, and else what to do."
    requires_system_checks = []  # what they find is among the findings

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--paid", action="store_true", help="make one real call to the model, for a short entry")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: object, paid: bool, json: bool, **options: object) -> None:
        found = []
        for one in findings([*CHECKS, *([model.paid_call] if paid else [])]):
            found.append(one)
            if not json:
                self._print(one)
        count = Counter(one.status for one in found)
        if json:
            self.stdout.write(_document(found))
        else:
            self.stdout.write(f"{count['ok']} ok, {count['warn']} to look at, {count['fail']} failed.")
        if count["fail"]:
            sys.exit(1)

    def _print(self, one: Finding) -> None:
        style = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "fail": self.style.ERROR}[one.status]
        self.stdout.write(f"{style(f'{one.status:4}')}  {one.check:10}  {one.says}{f'  {one.do}' if one.do else ''}")


def _document(found: list[Finding]) -> str:
    worst = next((word for word in ("fail", "warn") if word in {one.status for one in found}), "ok")
    return json.dumps({"status": worst, "checks": [one._asdict() for one in found]}, indent=2, ensure_ascii=False)
