"""Secrets that a command's options hold: `curl -u admin:…`, `mysql -p…`, `docker login -p …`.

What an option holds depends on its command: `docker login -p` a password, `docker run -p` a port. So where an option
stands, its line is read backwards for a command that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.values import is_technology

# The secret is the one group that took part.
QUOTED = r"""\\?"([^"\n]{1,200}?)\\?"|'([^'\n]{1,200})'"""
USER = r"""["']?[^\s:"'%/,]{0,100}"""
LETTER_AND_DIGIT = r"(?=\S{0,40}\d)(?=\S{0,40}[A-Za-z])"
NUMBER = r"[\d:.-]+(?:\s|\Z)"
SHAPES = {
    "secret": rf"[ =:]{{1,3}}(?:{QUOTED}|([^\s\"'`|;&<>-][^\s\"'`|;<>]{{0,200}}))",
    "glued secret": rf"(?:{QUOTED}|([^\s\"'`|;&<>=-][^\s\"'`|;&<>]{{0,200}}))",
    # After a blank only what is no word and no number: mysql's `-p shop` names the database.
    "likely secret": rf"[ =]{{1,3}}(?:{QUOTED}|({LETTER_AND_DIGIT}[^\s\"'`|;&<>-][^\s\"'`|;&<>]{{3,200}}))",
    "any but a number": rf"[ =]{{1,3}}(?:{QUOTED}|((?!{NUMBER})[^\s\"'`|;&<>/-][^\s\"'`|;&<>]{{1,200}}))",
    "user:secret": rf"[ =]{{0,3}}{USER}:([^\s\"'`|;<>]{{1,200}})",
    "user%secret": r"[ =]{0,3}[\"']?[^\s%\"']{0,100}%([^\s\"'`|;<>]{1,200})",
    "user,secret": rf"[ =]{{0,3}}{USER},([^\s\"'`|;<>]{{1,200}})",
}
TAKES = {shape: re.compile(pattern) for shape, pattern in SHAPES.items()}
# Commands; below them options | the shape of what these hold | a word that must stand in their line too.
OPTIONS = """
curl wget http https xh httpie ab siege wrk hey aria2c rclone httpx hurl etcdctl grpcurl rabbitmqadmin
    -u -U -a --user --proxy-user --auth --proxy-auth | user:secret
ttyd gotty ftp skopeo buildah podman oras crane regctl dufs
    -c -u --credential --creds --src-creds --dest-creds | user:secret
smbclient rpcclient winexe smbmap net smbcacls mount.cifs wmiexec.py
    -U --user --username | user%secret
lftp ncftp tnftp
    -u | user,secret
mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlsh mysqlbinlog mariadb mariadb-dump mariadb-admin mycli mydumper
xtrabackup mariabackup
    -p | glued secret
    -p | likely secret
7z 7za 7zz rar unrar sshpass
    -p -hp -P | glued secret
sshpass pscp plink psftp vncviewer x11vnc rdesktop evil-winrm psexec crackmapexec nxc netexec hydra medusa winscp
    -p -pw -passwd -w | secret
redis-cli valkey-cli keydb-cli redis-benchmark
    -a --pass | secret
    -a | glued secret
docker podman nerdctl buildah skopeo helm oras crane az oc cf ibmcloud npm heroku argocd rosa mc jf jfrog consul coder
openstack snyk regctl rancher
    -p -P -w --client-secret | secret | login
    -p | glued secret | login
twine
    -p | secret | upload
helm
    -p | secret | add
ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd ldapcompare ldapmodrdn slappasswd
    -w -s | secret
    -w | glued secret
snmpwalk snmpget snmpset snmpbulkwalk onesixtyone
    -c -A -X | secret
mongo mongosh mongodump mongorestore mongoexport mongoimport cqlsh influx beeline isql couchbase-cli cbq cypher-shell
arangosh trino nats solr tsql
    -p -pw -password | any but a number
    -p | glued secret
psql ncat nmcli sonar-scanner clickhouse-client clickhouse
    -p -W | likely secret
mosquitto_pub mosquitto_sub mosquitto_rr sqlcmd bcp osql ipmitool unzip zip hydra medusa mqttx ssh-keygen
    -P -N -pw | secret
    -P | glued secret
openssl
    -k -K -pass -passin -passout -password | secret
keytool jarsigner apksigner
    -storepass -keypass -srcstorepass -deststorepass -destkeypass -new | secret
pkcs11-tool pkcs15-init pkcs15-tool softhsm2-util ykman
    -p -P --pin --so-pin --new-pin | secret
gpg gpg2 restic borg steghide ccrypt
    -p -K --passphrase | secret
dotnet nuget choco
    -k -ApiKey -p | secret
vercel netlify firebase railway flyctl fly sentry-cli doctl hcloud snyk stripe huggingface-cli hf wrangler
    -t -p --auth --token | likely secret
gh fly flyctl
    -b --body | secret | secret
security
    -w -p | secret
useradd usermod mkpasswd openvpn
    -p | secret
schtasks xfreerdp xfreerdp3 wfreerdp cmdkey
    /rp /p /pass | secret
wmic runas net dsadd netdom
    /password /pwd /pd | secret
""".strip().splitlines()


class Row(NamedTuple):
    commands: frozenset[str]
    shape: str
    needed: str


def _rows() -> dict[str, list[Row]]:
    """Read OPTIONS: by option, whose it is and what it holds."""
    rows: dict[str, list[Row]] = {}
    commands: list[str] = []
    is_done = False
    for line in OPTIONS:
        if line.startswith(" "):
            options, shape, *needed = (part.strip() for part in line.split("|"))
            for option in options.split():
                rows.setdefault(option, []).append(Row(frozenset(commands), shape, "".join(needed)))
        else:
            commands = line.split() if is_done else [*commands, *line.split()]
        is_done = line.startswith(" ")
    return rows


ROWS = _rows()
OPTION = re.compile(r"""[-/](?<=[\s"'(,].)-?[A-Za-z][A-Za-z-]{0,20}""")
COMMAND = re.compile(r"[\w.-]+")
LINE = 300


def find_options(folded: Folded) -> Iterator[Span]:
    if "-" in folded.text or "/" in folded.text:
        for option in OPTION.finditer(folded.text):
            yield from _held(folded.text, option)


def _held(text: str, option: re.Match[str]) -> Iterator[Span]:
    """Yield what this option holds, if a command before it in the line has it."""
    names = {f"-{option[0][-1]}": len(option[0])}  # -su is -s -u
    names |= {name: len(name) for name in (option[0], option[0][:2], option[0][:3])}
    for name, length in names.items():
        rows = ROWS.get(name)
        if not rows:
            continue
        words = _words_before(text, option.start())
        for row in rows:
            if not row.commands.isdisjoint(words) and (not row.needed or row.needed in words):
                match = TAKES[row.shape].match(text, option.start() + length)
                is_whole = name == option[0] or row.shape == "glued secret" or row.shape.startswith("user")
                if match and is_whole:
                    yield from secret_in(match)


def _words_before(text: str, end: int) -> set[str]:
    line = text[max(0, end - LINE) : end].replace("\\\n", "  ")
    return set(COMMAND.findall(line[line.rfind("\n") + 1 :]))


def secret_in(match: re.Match[str]) -> Iterator[Span]:
    """Yield the place of the first group that holds anything, unless that is a technology."""
    group = next((number for number in range(1, len(match.groups()) + 1) if match[number]), 0)
    if group and not is_technology(match[group]):
        start, word = match.start(group), match[group].rstrip(".,;:)")
        if word:
            yield Span(start, start + len(word), "password")
