"""Create the authors who post, each with a handful of tokens.

`python -m tests.load.benchmarks.authors` prints their tokens: the product's, and DRF's own for `plain`, one an author.
"""

import json

import django

AUTHORS = 4
TOKENS_OF_EACH = 5


def main() -> dict[str, list[str]]:
    from django.contrib.auth.models import User  # app ready
    from knox.models import AuthToken
    from rest_framework.authtoken.models import Token

    authors = [User.objects.create_user(f"author-{number}") for number in range(AUTHORS)]
    tokens = [AuthToken.objects.create(author)[1] for author in authors for _ in range(TOKENS_OF_EACH)]
    return {"product": tokens, "plain": [Token.objects.create(user=author).key for author in authors]}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main()))
