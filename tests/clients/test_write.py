"""Writing an entry: by words, the editor, standard input; what is printed, and what becomes of one not sent."""

import json
import subprocess
import sys
from datetime import date, datetime, timedelta

import pytest

from tests.support.devlog_client import CLIENT, mode, told_files
from tests.support.pretenders import pretending, saying
from tests.support.servers import free_port

ENTRY = "Moved our Flask service to k8s."


def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}"


# -- words -----------------------------------------------------------------------------------------------------------


def test_words_become_an_entry_and_its_tags_are_printed_in_one_line(service, computer):
    done = computer.devlog(*ENTRY.split())

    assert (done.code, done.out, done.err) == (0, "Flask · Kubernetes\n", "")
    assert service.entries(computer.user) == [ENTRY]
    assert computer.waiting() == []


def test_an_entry_that_names_no_technology_is_written_all_the_same(service, computer):
    assert computer.devlog("Had lunch.").out == "Written; it names no technology.\n"
    assert service.entries(computer.user) == ["Had lunch."]


def test_tags_that_do_not_come_in_time_are_left_for_later(computer):
    body = json.dumps({"id": 1, "tags": [], "tagging": {"state": "pending"}}).encode()
    with pretending(saying(201, body)) as slow:
        done = computer.devlog(ENTRY, **computer.through(slow.address))

    assert (done.code, done.out) == (0, "Written. The tags come later: devlog today\n")


def test_why_there_are_no_tags_is_told(computer):
    body = {"id": 1, "tags": [], "tagging": {"state": "failed", "error": {"code": "refused", "detail": "Refused."}}}
    with pretending(saying(201, json.dumps(body).encode())) as failing:
        done = computer.devlog(ENTRY, **computer.through(failing.address))

    assert (done.code, done.out) == (0, "Written. No tags: Refused.\n")


def test_a_word_that_is_a_command_is_an_entry_behind_two_dashes(service, computer):
    assert computer.devlog("--", "today").code == 0
    assert service.entries(computer.user) == ["today"]


@pytest.mark.parametrize("words", [["today", "I", "slept"], ["git", "is", "hard"], ["--private", "today"]])
def test_words_that_begin_with_a_command_are_not_guessed_at(service, computer, words):
    done = computer.devlog(*words)

    assert done.code == 2
    assert f"devlog -- {' '.join(words)}" in done.err
    assert service.entries(computer.user) == []


def test_options_may_stand_among_the_words(service, computer):
    assert computer.devlog("Wrote", "--private", "Flask.").code == 0
    assert [(one.entry, one.is_private) for one in service.kept(computer.user)] == [("Wrote Flask.", True)]


def test_an_entry_may_be_of_yesterday(service, computer):
    assert computer.devlog("--date", "yesterday", ENTRY).code == 0

    (kept,) = service.kept(computer.user)
    assert kept.created_at.startswith(f"{date.today() - timedelta(1)} 12:00")


def test_the_api_s_own_json_is_printed_when_asked_for(computer):
    shown = json.loads(computer.devlog("--json", ENTRY).out)

    assert shown["entry"] == ENTRY
    assert [tag["name"] for tag in shown["tags"]] == ["Flask", "Kubernetes"]


# -- the editor ------------------------------------------------------------------------------------------------------


def test_what_the_editor_leaves_is_the_entry_without_the_lines_of_the_help(service, computer):
    editor = computer.editor('text=$(cat "$1"); printf "# Flask\\n\\nIt runs.\\n%s\\n" "$text" >"$1"')

    assert computer.devlog(EDITOR=editor).code == 0

    assert service.entries(computer.user) == ["# Flask\n\nIt runs."]
    assert list(computer.state.glob("draft-*")) == []


def test_an_editor_may_have_arguments_and_visual_comes_first(service, computer):
    script = computer.editor('[ "$1" = --wait ] && echo "Wrote Flask." >"$2"')

    assert computer.devlog(VISUAL=f"{script} --wait", EDITOR="false").code == 0
    assert service.entries(computer.user) == ["Wrote Flask."]


def test_nothing_written_in_the_editor_is_no_entry(service, computer):
    done = computer.devlog(EDITOR="true")

    assert (done.code, done.out, done.err) == (0, "", "Nothing was written.\n")
    assert service.entries(computer.user) == []
    assert list(computer.state.glob("draft-*")) == []


def test_what_was_written_stays_in_a_file_that_is_told_when_the_editor_fails(service, computer):
    done = computer.devlog(EDITOR=computer.editor('echo "Wrote Flask." >"$1"; exit 1'))

    (draft,) = told_files(done.err.replace(str(computer.home / "editor.sh"), ""))
    assert done.code == 1
    assert (draft.read_text(), mode(draft)) == ("Wrote Flask.\n", 0o600)
    assert service.entries(computer.user) == []


def test_a_draft_outlives_a_spool_that_cannot_be_written(computer):
    computer.state.mkdir(parents=True)
    (computer.state / "spool").write_text("no folder")

    done = computer.devlog(EDITOR=computer.editor('echo "Wrote Flask." >"$1"'))

    assert done.code == 1
    assert [path.read_text() for path in computer.state.glob("draft-*")] == ["Wrote Flask.\n"]


def test_without_a_terminal_and_an_editor_there_is_nothing_to_write_in(computer):
    done = computer.devlog()

    assert done.code == 2
    assert "devlog -" in done.err


# -- what cannot be sent ---------------------------------------------------------------------------------------------


def test_an_entry_written_offline_is_sent_later_with_the_time_at_which_it_was_written(service, computer):
    done = computer.devlog(ENTRY, **computer.through(nowhere()))
    (path,) = computer.waiting()
    written_at = datetime.fromisoformat(json.loads(path.read_text())["body"]["created_at"])

    assert (done.code, done.out) == (75, "")
    assert "Kept, to be sent next time: 1 entry waits (devlog send)" in done.err
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700

    assert computer.devlog("send").code == 0
    (kept,) = service.kept(computer.user)
    assert (kept.entry, kept.external_id) == (ENTRY, f"cli:{path.stem.partition('-')[2]}")
    assert abs(datetime.fromisoformat(f"{kept.created_at}+00:00") - written_at) < timedelta(milliseconds=2)


def test_an_entry_that_is_refused_is_put_aside_with_the_reason(service, computer):
    done = computer.devlog("-", typed="x" * 20_001)

    (path,) = computer.refused()
    assert done.code == 1
    assert str(path) in done.err
    assert "20000" in json.loads(path.read_text())["reason"]
    assert (service.entries(computer.user), computer.waiting()) == ([], [])


def test_a_refused_entry_does_not_hold_up_the_others(service, computer):
    for text in ("x" * 20_001, "Wrote Flask."):
        computer.devlog("-", typed=text, **computer.through(nowhere()))

    assert computer.devlog("send").code == 1
    assert service.entries(computer.user) == ["Wrote Flask."]
    assert len(computer.refused()) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_takes_nothing_now_says_when_to_try_again(computer, status):
    with pretending(saying(status, b'{"detail": "Too many."}', Retry_After="17")) as busy:
        done = computer.devlog(ENTRY, **computer.through(busy.address))

    assert done.code == 75
    assert "17 s" in done.err
    assert computer.waiting_texts() == [ENTRY]


def test_an_entry_changed_on_the_service_since_counts_as_sent(service, computer):
    """As after an answer that was lost: the entry is there, and its author has edited it on the page."""
    body = {"errors": {"external_id": ["Dev-log 7 has this external id, with another entry."]}}
    computer.devlog(ENTRY, **computer.through(nowhere()))
    with pretending(saying(409, json.dumps(body).encode())) as edited:
        done = computer.devlog("send", **computer.through(edited.address))

        assert [one.method for one in edited.seen] == ["POST"]
    assert done.code == 0
    assert computer.waiting() == []


def test_a_draft_of_a_day_that_has_an_unseen_entry_is_added_below_it(service, computer):
    for text in ("Wrote Flask.", "Wrote Django."):
        kept = {"key": text[6:-1], "body": {"entry": text, "external_id": "git:2026-11-28"}}
        spool = computer.state / "spool"
        spool.mkdir(parents=True, exist_ok=True)
        (spool / f"1-{kept['key']}.json").write_text(json.dumps(kept))
        assert computer.devlog("send").code == 0

    assert service.entries(computer.user) == ["Wrote Flask.\n\nWrote Django."]


# -- beside that -----------------------------------------------------------------------------------------------------


def test_a_kept_token_goes_to_no_other_address(computer):
    with pretending(saying(401, b'{"detail": "No."}')) as other:
        computer.devlog(ENTRY, DEVLOG_URL=other.address)

        assert ["Authorization" in one.headers for one in other.seen] == [False]


def test_it_starts_without_what_only_some_commands_need():
    command = [sys.executable, "-I", "-X", "importtime", str(CLIENT), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert imported & {"ssl", "http.client", "urllib.request", "subprocess", "typing", "uuid", "tempfile"} == set()
