# One image for every service of compose.yaml: the command says which it is.
FROM python:3.13-slim-bookworm AS build
# celery, sqs, actors, django: what a transport needs besides.
ARG EXTRA=
WORKDIR /build
COPY requirements requirements
# Wheels only, each held to its hash: nothing is compiled, so no compiler is ever here.
RUN python -m venv --without-pip /venv && \
    python -m pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r "requirements/${EXTRA:-run}.txt"

FROM python:3.13-slim-bookworm
# ca-certificates: openai trusts what the system trusts, and brings no list of its own.
# The newest is what is wanted of it, so it is not pinned.
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends ca-certificates && \
    rm -rf /var/lib/apt/lists/* && \
    python -m pip uninstall --yes --quiet --root-user-action=ignore pip && \
    rm -rf /usr/local/lib/python3.13/ensurepip && \
    useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin devlog && \
    install --directory --owner=10001 --group=10001 --mode=700 /var/lib/devlog/locks
COPY --from=build /venv /venv
WORKDIR /app
COPY manage.py gunicorn.conf.py ./
COPY devlog_project devlog_project
COPY devlogs devlogs
COPY tagging tagging
# Compiled now: the file system is read-only later.
RUN python -m compileall -q .
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GUNICORN_CMD_ARGS="--bind=0.0.0.0:8000 --worker-tmp-dir=/dev/shm"
USER 10001:10001
EXPOSE 8000
# Whether entries can be taken: /readyz. To ask starts Python and Django, nearly a second of a core.
HEALTHCHECK --interval=30s --timeout=20s --start-period=30s --retries=3 CMD ["python", "manage.py", "healthcheck", "web"]
CMD ["gunicorn", "devlog_project.wsgi"]
