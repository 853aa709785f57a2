"""What can be held of the pinned packages without asking anybody; `make audit` asks for known weaknesses."""

import pytest
from packaging.version import Version

from tests.support.locks import entries, files, pin_of, pins

FILES = {file.name: file for file in files()}
# For environments of their own.
APART = {"ministack.txt", "llm.txt"}


@pytest.mark.parametrize("name", FILES)
def test_each_package_is_pinned_with_hashes_and_says_who_wants_it(name):
    found = pins(FILES[name])

    assert found
    assert [pin.name for pin in found if not (pin.hashes and pin.reasons)] == []


@pytest.mark.parametrize("name", FILES)
def test_no_package_is_a_version_before_its_release(name):
    early = [pin for pin in pins(FILES[name]) if Version(pin.version).is_prerelease]

    # Of OpenTelemetry these are called beta for as long as the conventions they hold are not settled.
    assert [pin for pin in early if not pin.name.startswith("opentelemetry-")] == []


def test_what_two_files_hold_has_one_version():
    versions = {}
    for name in FILES.keys() - APART:
        for pin in pins(FILES[name]):
            versions.setdefault((pin.name, pin.marker), set()).add(pin.version)

    assert {pin: found for pin, found in versions.items() if len(found) > 1} == {}


def test_nothing_runs_that_is_not_checked():
    checked = {pin.name for pin in pins(FILES["dev.txt"])}

    assert {pin.name for name in FILES.keys() - APART for pin in pins(FILES[name])} - checked == set()


@pytest.mark.parametrize(
    "entry",
    ["django>=5", "-e .", "--extra-index-url x", "django @ https://example.org/a.whl", "git+ssh://a/b", "django"],
)
def test_what_is_no_pin_is_refused(entry):
    with pytest.raises(ValueError, match="pinned by =="):
        pin_of(entry)


def test_a_file_is_read_to_its_last_entry(tmp_path):
    file = tmp_path / "two.txt"
    file.write_text(
        f"# made\na==1 \\\n    --hash=sha256:{64 * '0'}\n    # via b\nb==2 ; os == 'x' \\\n    # via\n    #   c\n"
    )

    assert len(entries(file)) == 2
    assert [(pin.name, pin.version, pin.marker, pin.hashes) for pin in pins(file)] == [
        ("a", "1", "", 1),
        ("b", "2", "os == 'x'", 0),
    ]
