"""What kind of technology each name of the lexicon is."""

from collections import Counter

import pytest

from tagging.extraction import lexicon
from tagging.extraction.kinds import Kind


def test_every_name_has_a_kind_and_every_kind_many_names():
    counts = Counter(spellings[0].kind for spellings in lexicon.load().by_name.values())

    assert set(counts) == set(Kind)
    assert min(counts.values()) >= 100


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("language", "Python, Go, C, SQL, TypeScript, Rust, HTML, CSS, R, COBOL, Bash, Markdown, MATLAB"),
        ("framework", "Django, React, Spring Boot, Node.js, Ruby on Rails, Laravel, Unity, Flutter, Express"),
        ("library", "NumPy, jQuery, Redux, SQLAlchemy, Pydantic, boto3, Lodash, OpenGL, pandas"),
        ("database", "PostgreSQL, Redis, Elasticsearch, SQLite, MongoDB, Snowflake, InfluxDB"),
        ("messaging", "RabbitMQ, Apache Kafka, Celery, Slack, Mosquitto, SendGrid"),
        ("cloud", "AWS Lambda, Amazon S3, Heroku, Stripe, Firebase, Vercel, Azure"),
        ("devops", "Docker, Kubernetes, Terraform, GitHub Actions, nginx, Prometheus, Webpack, Git, Jenkins, npm"),
        ("testing", "pytest, Cypress, JUnit, Playwright, Selenium, Jest"),
        ("tool", "VS Code, Firefox, Jira, WordPress, Figma, Wireshark, ESLint"),
        ("os-hardware", "Raspberry Pi, Linux, Windows, Arduino, ESP32, Android, Debian"),
        ("protocol-format", "JWT, HTTP, JSON, YAML, XML, TOML, OAuth, OPC UA, GraphQL, WebRTC"),
        ("ai", "PyTorch, ChatGPT, GitHub Copilot, scikit-learn, LangChain, OpenCV"),
    ],
)
def test_well_known_names_are_of_the_kind_one_expects(kind, names):
    known = {name: found.kind for name in names.split(", ") if (found := lexicon.known(name))}

    assert known == dict.fromkeys(known, kind)
    assert len(known) >= names.count(",")
