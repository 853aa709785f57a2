"""Fill an empty database of a developer with a year of made-up dev-logs, so that every page has something to show."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from devlogs.models import DevLog
from devlogs.seeding import rows
from devlogs.seeding.fates import Fate, fates_of
from devlogs.seeding.story import AUTHORS, year_until
from tagging.management.progress import draw_bar

# Who can be logged in as.
SHOWN = "ada"


class Command(BaseCommand):
    help = (
        "Fill an empty database with a year of made-up dev-logs by five authors, tagged by the embedded extractor. "
        "For development alone: only while DEBUG is on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--offer", action="store_true", help="ask first; say nothing where it cannot be done")

    def handle(self, *args: str, offer: bool, **options: object) -> None:
        why_not = reason_against()
        if offer and (why_not or not self.is_wanted()):
            return
        if why_not:
            raise CommandError(why_not)
        self.seed()

    def is_wanted(self) -> bool:
        """Ask at a terminal; elsewhere say how it is done."""
        if not sys.stdin.isatty():
            self.stdout.write("There is no dev-log yet: `make seed` writes a year of made-up ones.")
            return False
        self.stdout.write(
            "There is no dev-log yet. Write a year of made-up ones, to have something to look at? [y/N] "
        )
        self.stdout.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def seed(self) -> None:
        now = timezone.now()
        longest_backoff = timedelta(seconds=settings.TAGGING_BACKOFF_CAP_SECONDS)
        fates = fates_of(year_until(now), now, settings.TAGGING_MAX_ATTEMPTS, longest_backoff)
        with transaction.atomic():
            if DevLog.objects.exists():  # written just now
                raise CommandError(HAS_DEVLOGS)
            passwords = {name: make_user(name) for name in [author.name for author in AUTHORS]}
            users = {user.username: user for user in User.objects.filter(username__in=passwords)}
            for done in rows.save(fates, users, now.date()):
                draw_bar(self.stderr, done, len(fates))
        self.say(fates, passwords[SHOWN])
        self.stdout.write(what_waits(fates, now))

    def say(self, fates: list[Fate], password: str) -> None:
        names = ", ".join(author.name for author in AUTHORS)
        self.stdout.write(f"Wrote {len(fates)} dev-logs by {names}, with tags and with failures.")
        if password:
            self.stdout.write(f"Log in as {SHOWN}, password {password} (shown this once).")
        else:
            self.stdout.write(f"Log in as {SHOWN}, who was there before, with the password of then.")
        first = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        self.stdout.write(
            f"For the admin log in as {first.get_username()}."
            if first
            else "For the admin make a superuser: manage.py createsuperuser"
        )


HAS_DEVLOGS = (
    "This database has dev-logs already, and made-up ones would mix with them. Take an empty one: "
    "DATABASE_URL=sqlite:///another.sqlite3, then migrate and seed."
)


def reason_against() -> str:
    """Return why made-up dev-logs must not be written here; empty where they may."""
    if not settings.DEBUG:
        return "DEBUG is off: made-up dev-logs are for development alone, never for a database in production."
    if settings.SIMULATION:
        return "SIMULATION is on: its database is for simulated jobs alone. Set SIMULATION=off."
    return HAS_DEVLOGS if DevLog.objects.exists() else ""


def what_waits(fates: list[Fate], now: datetime) -> str:
    """Say of those that wait when they will be tagged."""
    due = sorted(fate.due_at for fate in fates if fate.due_at)
    later = [(each - now).total_seconds() / 60 for each in due if each > now]
    minutes = f"{later[0]:.0f} to {later[-1]:.0f} minutes from now"
    return (
        f"{len(due)} of them wait for their tags. Once the service runs, {len(due) - len(later)} are tagged at once "
        f"and {len(later)}, whose first attempts failed, {minutes}: until then their pages say why."
    )


def make_user(name: str) -> str:
    """Make a user who is not there yet, and return the password of the one who is shown; else an empty text."""
    if User.objects.filter(username=name).exists():
        return ""
    password = secrets.token_urlsafe(9) if name == SHOWN else None
    User.objects.create_user(name, password=password)
    return password or ""
