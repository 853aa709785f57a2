import pytest

from tagging.extraction import redaction
from tagging.extraction.redaction import redact
from tests.support.effort import steps
from tests.support.patterns import has_nested_repeat, patterns_of
from tests.support.planted import everyday, planted

LONG = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7nP9rS"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc+/=\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpM"

SECRETS = [
    # text, kind, what must be gone
    (f"key:\n{PEM}\nDjango", "private_key", "MIIE"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk", "private_key", "b3Bl"),
    (r"'-----BEGIN PRIVATE KEY-----\nMIIEv\n-----END PRIVATE KEY-----\n'", "private_key", "MIIE"),
    ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQdGB\n-----END PGP PRIVATE KEY BLOCK-----", "private_key", "lQdGB"),
    ("postgres://app:s3cr:et@db:5432/x", "url_password", "s3cr"),
    ("postgres://app:p@ss@db:5432/x", "url_password", "p@ss"),
    ("postgres://app:p/ss@db:5432/x", "url_password", "p/ss"),
    ("redis://:hunter2@cache:6379/0", "url_password", "hunter2"),
    ("AKIAIOSFODNN7EXAMPLE", "aws_key", "AKIA"),
    (f"ghp_{LONG[:36]}", "github_token", LONG[:36]),
    (f"github_pat_{LONG[:22]}_{LONG}", "github_token", LONG),
    (f"https://ghp_{LONG[:36]}@github.com/a/b", "github_token", LONG[:36]),
    (f"glpat-{LONG[:20]}", "gitlab_token", LONG[:20]),
    (f"xoxb-123456789012-{LONG[:24]}", "slack_token", LONG[:24]),
    (f"https://hooks.slack.com/services/T0000/B0000/{LONG[:24]}", "slack_hook", LONG[:24]),
    (f"AIza{LONG[:35]}", "google_key", LONG[:35]),
    (f"GOCSPX-{LONG[:28]}", "google_key", LONG[:28]),
    (f"sk-proj-{LONG}", "openai_key", LONG),
    (f"sk-ant-api03-{LONG}", "openai_key", LONG),
    (f"sk_live_{LONG[:24]}", "stripe_key", LONG[:24]),
    (f"whsec_{LONG[:32]}", "stripe_key", LONG[:32]),
    (f"npm_{LONG[:36]}", "npm_token", LONG[:36]),
    (f"pypi-AgEIcHlwaS5vcmc{LONG}", "pypi_token", LONG),
    (f"abc8Q~{LONG[:34]}", "azure_key", LONG[:31]),
    (f"https://x.blob.core.windows.net/a?sv=2024&sig={LONG[:30]}%3D", "azure_key", LONG[:30]),
    (f"DefaultEndpointsProtocol=https;AccountKey={LONG}==;Suffix=x", "secret", LONG),
    (f"hf_{LONG[:34]}", "token", LONG[:34]),
    (f"hvs.{LONG}", "token", LONG),
    (f"Cookie {JWT}", "jwt", "SflKx"),
    ("Authorization: Bearer opaquevalue", "authorization", "opaquevalue"),
    ("-H 'authorization: Basic dXNlcjpwYXNz'", "authorization", "dXNlcjpwYXNz"),
    ("curl with Bearer abcdef0123456789", "authorization", "abcdef0123456789"),
    ("sent Basic dXNlcjpwYXNzd29yZDE=", "authorization", "dXNlcjpw"),
    ("password=hunter2", "password", "hunter2"),
    ("DB_PASSWORD_2 = 'correct horse battery'", "password", "horse"),
    ('password: str = "hunter2"', "password", "hunter2"),
    ('config["password"] = "hunter2"', "password", "hunter2"),
    (r"{\"password\": \"hunter2\"}", "password", "hunter2"),
    ('password="unclosed hunter2', "password", "hunter2"),
    ("psql --password hunter2", "password", "hunter2"),
    ("mysql --db-password=hunter2", "password", "hunter2"),
    ("Passwort: hunter2 gesetzt", "password", "hunter2"),
    ("Das Kennwort lautet hunter2!", "password", "hunter2"),
    ("the passphrase is tr0ub4dor", "password", "tr0ub4dor"),
    ("password=none-of-your-business", "password", "business"),
    (f'"api_key": "{LONG[:16]}"', "secret", LONG[:16]),
    ('"client_secret": "onlyletters"', "secret", "onlyletters"),
    (f"export GITHUB_TOKEN={LONG[:20]}", "secret", LONG[:20]),
    (f"AWS_SECRET_ACCESS_KEY={LONG[:40]}", "secret", LONG[:40]),
    (f"SECRET_KEY = 'django-insecure-{LONG}'", "secret", LONG),
    (f"deploy --api-key {LONG[:16]}", "secret", LONG[:16]),
    (f"API-Schlüssel: {LONG[:16]}", "secret", LONG[:16]),
    ("mail an max.mustermann+dev@example.co.uk", "email", "mustermann"),
    ("müller@bäckerei.de", "email", "müller"),
    ("ssh deploy@web1.example.com", "email", "deploy@"),
]


@pytest.mark.parametrize("text, kind, secret", SECRETS)
def test_a_secret_is_replaced_by_its_kind(text, kind, secret):
    redacted = redact(f"Vorher Redis. {text}\nNachher Celery.")

    assert secret not in redacted.text
    assert f"[redacted:{kind}]" in redacted.text
    assert redacted.counts == {kind: 1}


@pytest.mark.parametrize("text, kind, secret", [row for row in SECRETS if "OPENSSH" not in row[0]])
def test_the_words_around_a_secret_survive(text, kind, secret):
    redacted = redact(f"Vorher Redis. {text}\nNachher Celery.")

    assert redacted.text.startswith("Vorher Redis. ")
    assert redacted.text.endswith("\nNachher Celery.")


@pytest.mark.parametrize(
    "text",
    [
        "Replaced sessions by JWT, tokens are signed with PyJWT.",
        "Rewrote the password hashing with argon2 instead of bcrypt.",
        "Passwort: argon2 statt bcrypt.",
        "password=None, password: bcrypt",
        "The password is now hashed; das Passwort ist jetzt länger.",
        "Switched my e-mail client to Thunderbird.",
        "Token: JWT statt Session, Secret: Vault",
        "Token: JWT-basierte-Anmeldung",
        "task-2026-11-21-rename-columns on disk-0123456789abcdef0123",
        "psql --password --host db",
        "Basic authentication and Bearer authentication in FastAPI",
        "Basic Kubernetes-1.29 setup, bearer tokens",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b and 3f78685",
        "550e8400-e29b-41d4-a716-446655440000 sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "Upgraded to Django 5.2.19, react@18.2.0, typescript@5.0.0-dev.20230101, vue@3.4.0-rc.beta",
        "npm i @angular/core, uses: actions/checkout@v4, @pytest.mark.django_db",
        "git clone git@github.com:django/django.git",
        "git clone ssh://git@gitlab.com/a/b.git",
        "ssh pi@raspberry, root@localhost",
        "systemctl restart postgresql@15-main.service, logo@2x.png",
        "http://localhost:8000/admin/ and redis://cache:6379/0",
        "http://packages:4873/@angular/core and http://localhost:8000/react@18",
        "Neu zum Passwort:\nDjango-Anmeldung gebaut.",
        "sk-learn, scikit-learn, sk-learn-contrib-imbalanced-learn",
        "The --token flag of the GitHub CLI",
        "npm_config_registry, pypi-server, glpat, xoxb and AKIA prefixes",
        "Traceback: KeyError: 'token'",
        "",
    ],
)
def test_prose_and_technology_names_survive(text):
    assert redact(text).text == text


def test_several_secrets_are_counted_by_kind():
    redacted = redact(f"a@example.com, b@example.com, password=x1y2, {JWT}")

    assert redacted.counts == {"email": 2, "password": 1, "jwt": 1}
    assert redacted.text == ("[redacted:email], [redacted:email], password=[redacted:password], [redacted:jwt]")


@pytest.mark.parametrize("text, kind, secret", SECRETS)
def test_a_redacted_text_stays_as_it_is(text, kind, secret):
    once = redact(text).text

    assert redact(once).text == once


# Repeated, each makes some pattern begin, or run, as often as a text allows.
HOSTILE = [
    *(
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "://a:",
        "://:",
        "x://a:b",
        "a@",
        "a@b.",
        "a.",
        "a-",
        "a@a.a.a.a.a",
    ),
    *("eyJ-", "eyJaaaaaaaaaaaaaaaaaaaa.", "AKIA", "ghp_", "github_pat_", "glpat-", "xoxb-", "sk-", "hvs.", "whsec_"),
    *("1Q~", "&sig=", "hooks.slack.com/services/", "bearer ", "basic 1", "authorization: basic "),
    *("password", "password:", 'password="', "passwort ist 1", 'token="', "token: ", "secret_", "--a-", "--token "),
    *(" ", "\\", "a", "1", "ä", "[redacted:", "[redacted:a]", "pw\n", "key=", "pin ", "psk ", "user,password\n"),
    *("| password | a |\n", "password: |\n  ", "<password>", "cookie: a=b; ", "curl -u a:", "mysql -p ", "echo a |"),
    *("login admin / ", "is the password ", "passphrase is a b ", "password=aa bb ", "kind: Secret\ndata:\n a: b\n"),
    *(
        "machine a login b ",
        'send "',
        "AUTH ",
        "identified by ",
        "net use \\\\a ",
        "auth('a',",
        "DE89 ",
        "4111 ",
        "$2b$",
        "passwords:\n - ",
        'key=["b",',
        "key=['key=[\"a\",',",
        "login anna a1/",
        "x = Passwort (",
        "aes-256-",
    ),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_work_on_hostile_texts_grows_with_their_length(unit):
    """Of a search that begins anew at each of its own steps, twice the text takes four times as many."""
    redact("password: Django")  # loads what is loaded once

    once, twice = (steps(redact, "@ q~ " + unit * (length // len(unit))) for length in (800, 1_600))

    assert twice < 2.6 * once


@pytest.mark.parametrize("name", ["key", "pass", "Cookie"])
def test_a_name_that_holds_but_the_next_name_costs_little(name):
    chained, apart = (steps(redact, unit * 200) for unit in (f"{name}: ", f"{name}: abc "))

    assert chained < apart / 2


def test_no_pattern_repeats_what_repeats_without_a_bound():
    """That is what takes exponential time on a text that nearly fits."""
    nested = [pattern.pattern for pattern in patterns_of(redaction) if has_nested_repeat(pattern)]

    assert nested == []


# --- as people paste and say them ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text, secrets", [*planted("technical"), *planted("said")])
def test_a_planted_secret_does_not_leave(text, secrets):
    sent = redact(f"Vorher Redis repariert. {text}\nNachher Celery gebaut.").text

    assert [secret for secret in secrets if secret in sent] == []
    assert "Redis" in sent
    assert "Celery" in sent or "PRIVATE KEY" in text  # one without its last line reaches to the end


def test_hundreds_of_forms_are_planted():
    assert len(planted("technical")) > 400
    assert len(planted("said")) > 150


def test_no_everyday_entry_loses_a_technology():
    entries = everyday()

    lost = [(text, name) for text, names in entries for name in names if name not in redact(text).text]

    assert len(entries) > 300
    assert lost == []


@pytest.mark.parametrize("text, secrets", [*planted("technical"), *planted("said")])
def test_what_is_redacted_on_its_way_is_found_redacted_where_it_arrives(text, secrets):
    """A function redacts once more what it was sent redacted: that takes nothing else away."""
    once = redact(text).text

    assert redact(once).text == once


# --- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, sent",
    [
        ("ﬁn: ｐａｓｓｗｏｒｄ＝ｇｅｈｅｉｍ９, ok", "ﬁn: ｐａｓｓｗｏｒｄ＝[redacted:password], ok"),
        (
            "Scho\u0308n: pass\u200bword=Wort\u00ad9 und Redis",
            "Scho\u0308n: pass\u200bword=[redacted:password] und Redis",
        ),
        ("Ⅷ İ ß: PIN: 4711.", "Ⅷ İ ß: PIN: [redacted:password]."),
    ],
)
def test_of_the_original_only_the_secret_is_replaced(text, sent):
    assert redact(text).text == sent


@pytest.mark.parametrize("text", ["GB82 WEST 1234 5698 7654 33", "4111 1111 1111 1112", "0000 0000 0000 0000"])
def test_a_number_whose_checksum_is_wrong_stays(text):
    assert redact(text).text == text


@pytest.mark.parametrize(
    "word", ["Auth0", "Log4j2", "PBKDF2", "bcrypt", "Argon2", "Vue3", "Google Cloud SQL", "Keycloak"]
)
@pytest.mark.parametrize("form", ["password: {}", "Passwort: {}", "das Passwort ist {}", "auth={}", "| Token | {} |"])
def test_a_technology_behind_a_name_stays(form, word):
    assert redact(form.format(word)).text == form.format(word)


def test_beside_a_technology_the_rest_of_a_password_goes():
    assert redact("POSTGRES_PASSWORD=postgres_geheim").text == "POSTGRES_PASSWORD=postgres_[redacted:password]"
