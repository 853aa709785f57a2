"""The units and manifests of deploy/: they fit the service, and each other."""

import re
import shutil
import subprocess

import pytest
import yaml

from devlog_project import VERSION
from devlog_project.conf.page import known_names
from devlog_project.ops.probes import PROBES
from tests.support.pages import TEXTS
from tests.support.servers import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
TIMERS = sorted((ROOT / "deploy" / "systemd").glob("*.timer"))
SOCKETS = sorted((ROOT / "deploy" / "systemd").glob("*.socket"))
MANIFESTS = [
    manifest
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
PODS = {
    manifest["metadata"]["name"]: manifest["spec"]["template"]["spec"]
    for manifest in MANIFESTS
    if "template" in manifest.get("spec", {})
}
GUNICORN = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
GRACE_SECONDS = int(re.findall(r"^graceful_timeout = (\d+)", GUNICORN, re.MULTILINE)[0])


def probes(container: dict) -> dict[str, dict]:
    return {name: container[name] for name in ("startupProbe", "livenessProbe", "readinessProbe") if name in container}


# -- Kubernetes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PODS)
def test_each_pod_runs_this_version_as_nobody_on_a_file_system_it_cannot_write(name):
    pod = PODS[name]
    (container,) = pod["containers"]

    assert container["image"] == f"devlog:{VERSION}"
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 10001)
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert "limits" in container["resources"]


def test_each_variable_of_a_manifest_is_a_setting():
    given = {each["name"] for pod in PODS.values() for each in pod["containers"][0].get("env", [])}
    given |= {name for manifest in MANIFESTS if manifest["kind"] == "ConfigMap" for name in manifest["data"]}

    assert given <= known_names()


def test_a_container_is_asked_at_addresses_that_exist():
    asked = {
        probe["httpGet"]["path"]
        for pod in PODS.values()
        for probe in probes(pod["containers"][0]).values()
        if "httpGet" in probe
    }

    assert asked == {"/livez", "/readyz"} <= set(PROBES)


def test_what_ends_a_container_never_asks_whether_the_database_is_there():
    (web,) = PODS["devlog-web"]["containers"]

    assert {name: probe["httpGet"]["path"] for name, probe in probes(web).items()} == {
        "startupProbe": "/livez",
        "livenessProbe": "/livez",
        "readinessProbe": "/readyz",
    }
    (worker,) = PODS["devlog-worker"]["containers"]
    assert worker["livenessProbe"]["exec"]["command"][2:] == ["healthcheck", "worker", "--live"]


def test_a_pod_is_given_longer_to_end_than_the_server_in_it_takes(settings):
    assert PODS["devlog-web"]["terminationGracePeriodSeconds"] > GRACE_SECONDS + 5
    assert PODS["devlog-worker"]["terminationGracePeriodSeconds"] > settings.TAGGING_SHUTDOWN_SECONDS + 5


def test_workers_scale_by_a_metric_that_exists():
    (scaler,) = (manifest for manifest in MANIFESTS if manifest["kind"] == "HorizontalPodAutoscaler")
    (wanted,) = (metric["external"]["metric"]["name"] for metric in scaler["spec"]["metrics"])
    told = "".join(path.read_text() for path in (ROOT / "devlog_project" / "ops" / "metrics").glob("*.py"))

    assert f'"{wanted}"' in told


# -- systemd ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_as_the_service_and_reads_its_settings_from_one_file(unit):
    text = unit.read_text(encoding="utf-8")

    for line in ("User=devlog", "EnvironmentFile=/etc/devlog/environment", "ProtectSystem=strict", "UMask=0077"):
        assert f"\n{line}\n" in text


def test_systemd_waits_longer_than_gunicorn_before_it_kills():
    unit = (ROOT / "deploy" / "systemd" / "devlog-web.service").read_text(encoding="utf-8")

    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[0]) > GRACE_SECONDS


def test_each_timer_and_socket_has_its_service():
    assert {unit.stem for unit in (*TIMERS, *SOCKETS)} <= {unit.stem for unit in UNITS}


def test_systemd_holds_the_address_at_which_gunicorn_listens():
    (held,) = re.findall(r"^ListenStream=(.+)$", SOCKETS[0].read_text(encoding="utf-8"), re.MULTILINE)

    assert f'\nbind = "{held}"\n' in GUNICORN


def test_no_unit_offers_a_reload_which_would_mix_two_versions():
    assert [unit.name for unit in UNITS if "\nExecReload=" in unit.read_text(encoding="utf-8")] == []
    assert "reload devlog" not in "".join(TEXTS.values())


def test_the_proxy_in_front_refuses_no_body_that_the_service_takes():
    """Many dev-logs at once may be ten times as long as one request else, and only the service tells them apart."""
    assert "request_body" not in (ROOT / "deploy" / "caddy" / "Caddyfile").read_text(encoding="utf-8")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_no_fault_in_the_units(tmp_path):
    for unit in (*UNITS, *TIMERS, *SOCKETS):  # of programs that are there
        text = re.sub(r"/srv/devlog/\.venv/bin/\w+", "/bin/true", unit.read_text(encoding="utf-8"))
        (tmp_path / unit.name).write_text(text)

    done = subprocess.run(
        ["systemd-analyze", "verify", *sorted(map(str, tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line for line in done.stderr.splitlines() if "devlog-" in line] == []
