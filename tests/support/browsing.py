"""What the tests in a browser find on the server: people with their sessions, and what they wrote.

Run as a process of the site: prints the session of each person as JSON; with the word `sessions` it writes nothing but
a superuser, where a made-up year is there already.
"""

import json
import os
import sys

HOSTILE = [
    "<script>document.title = 'run'; alert(1)</script><img src=x onerror=alert(2)> with Django",
    "\u202egnirts desrever\u202c with Redis",
    '=HYPERLINK("http://evil.example","click") with Celery',
    "a" * 19_000 + " with nginx",
]
HOSTILE_NAMES = ["<b onmouseover=alert(3)>X</b>", "\u202egat", "=1+1", "T" * 95]
# One for each test that writes, so that none sees what another wrote.
WRITERS = [f"writer{number}" for number in range(60)]
PASSWORD = "correct horse battery"


def main() -> None:
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User
    from django.db import transaction

    if "sessions" in sys.argv:
        boss = User.objects.create_superuser("boss", password=PASSWORD)
        print(json.dumps({"boss": session_of(boss), "ada": session_of(User.objects.get(username="ada"))}))
        return
    hashed = make_password(PASSWORD)
    with transaction.atomic():
        people = {
            name: User.objects.create(username=name, password=hashed) for name in ("ada", "grace", "mallory", *WRITERS)
        }
        people["boss"] = User.objects.create_superuser("boss", password=PASSWORD)
        print(json.dumps({name: session_of(user) for name, user in people.items()}))
    write(people)


def session_of(user: object) -> str:
    """Log somebody in, as the login does, and return the key of the session."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "devlog_project.api.throttle.ThrottledBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


def write(people: dict[str, object]) -> None:
    from django.contrib.auth.models import Group

    from devlogs import entries
    from devlogs.models import DevLog
    from tagging.models import DevLogTag, Tag

    for number in range(6):
        entries.write(DevLog(entry=f"Day {number}: moved the Django app to Redis and Celery.", author=people["ada"]))
    entries.write(DevLog(entry="Only for me: the PostgreSQL password policy.", author=people["ada"], is_private=True))
    for number, (text, name) in enumerate(zip(HOSTILE, HOSTILE_NAMES, strict=True)):
        devlog = DevLog(entry=text, author=people["mallory"])
        entries.write(devlog)
        # By hand: the rules of names would refuse some of them, and older rows may hold them.
        tag = Tag.objects.create(name=name, slug=f"hostile-{number}")
        DevLogTag.objects.create(devlog=devlog, tag=tag, person=people["mallory"], spelling=name, position=0)
    Group.objects.create(name="Readers")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "devlog_project.settings")
    main()
