"""Make a token of the API for a user, and print it once: only its hash is kept."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from devlog_project.api.models.tokens import NAME_MAX_LENGTH, life_allowed, make_token


class Command(BaseCommand):
    help = "Make a token of the API for a user. It is printed once, alone on standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the user's name")
        parser.add_argument("--name", required=True, help="what the token is for, as its user finds it in their list")
        parser.add_argument(
            "--days", type=int, help=f"how long it holds; without it {settings.API_TOKEN_DAYS or 'for ever'}"
        )

    def handle(self, *args: object, user: str, name: str, days: int | None, **options: object) -> None:
        name = name.strip()
        if not name or len(name) > NAME_MAX_LENGTH or not name.isprintable():
            raise CommandError(f"--name must be a line of 1 to {NAME_MAX_LENGTH} characters.")
        if days is not None and days < 1:
            raise CommandError("--days must be at least 1.")
        users = get_user_model()
        owner = None if "\0" in user else users.objects.filter(**{users.USERNAME_FIELD: user}).first()
        if not owner:
            raise CommandError(f"There is no user {user!r}.")
        if not owner.is_active:
            raise CommandError(f"The account {user!r} is not active: its tokens would be refused.")
        try:
            details, text = make_token(owner, name, life_allowed(days))
        except ValidationError as error:
            raise CommandError(f"{error.message} See API_TOKEN_DAYS.") from error
        self.stdout.write(text)
        expiry = details.token.expiry
        until = f"until {expiry:%Y-%m-%d %H:%M} UTC" if expiry else "until it is revoked"
        self.stderr.write(f"It holds {until}, and is not shown again.")
