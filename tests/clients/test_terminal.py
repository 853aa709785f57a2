"""The client as it looks at a terminal: colours, the editor, what goes away again, and Ctrl-C."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.devlog_client import CLIENT
from tests.support.marks import hears_ctrl_c
from tests.support.pretenders import Holding, pretending
from tests.support.terminals import COLOUR, CTRL_C, CTRL_D
from tests.support.waiting import eventually

ESCAPE = "\x1b"


@pytest.fixture
def written(computer):
    """There is an entry with tags."""
    assert computer.devlog("Moved our Flask service to Kubernetes.").code == 0


def shown(computer, *arguments, **environment) -> str:
    with computer.at_terminal(*arguments, **environment) as terminal:
        assert terminal.wait_for_end() == 0, terminal.screen
        return terminal.screen


# -- colours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["today", "stack"])
def test_at_a_terminal_there_are_colours(computer, written, command):
    assert COLOUR.search(shown(computer, command))


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb terminal"])
@pytest.mark.parametrize("command", ["today", "stack", "tags"])
def test_who_wants_no_colours_sees_none(computer, written, command, variable):
    assert ESCAPE not in shown(computer, command, **variable)


@pytest.mark.parametrize("command", [["today"], ["week"], ["search", "Flask"], ["stack"], ["tags"], ["-h"]])
def test_in_a_pipe_there_are_no_colours(computer, written, command):
    done = computer.devlog(*command, TERM="xterm-256color")

    assert done.code == 0
    assert ESCAPE not in done.out + done.err


# -- while it waits ------------------------------------------------------------------------------------------------


def test_at_a_terminal_a_line_says_that_it_waits_and_goes_away(service, computer):
    holding = Holding(service.server.port)
    with (
        pretending(holding) as between,
        computer.at_terminal("Wrote Flask.", **computer.through(between.address)) as terminal,
    ):
        waiting = terminal.wait_for("…")
        holding.let_go.set()
        assert terminal.wait_for_end() == 0
        screen = terminal.screen

    assert len(waiting.strip()) > 1
    assert COLOUR.sub("", screen).splitlines()[-1].endswith("Flask")
    assert screen.startswith(waiting)
    assert "\r" in screen[len(waiting) :]


def test_elsewhere_nothing_says_that_it_waits(computer):
    done = computer.devlog("Wrote Flask.")

    assert (done.code, done.out, done.err) == (0, "Flask\n", "")


# -- the editor ----------------------------------------------------------------------------------------------------


def edited(computer, script, **environment):
    with computer.at_terminal(**{"EDITOR": computer.editor(script), **environment}) as terminal:
        return terminal.wait_for_end(), terminal.screen


def test_without_words_the_editor_opens_and_what_it_saves_is_the_entry(service, computer):
    code, screen = edited(computer, 'printf "Wrote Flask.\\n\\n  And Django.\\n" > "$1"')

    assert code == 0, screen
    assert service.entries(computer.user) == ["Wrote Flask.\n\n  And Django."]


def test_a_heading_of_ones_own_is_no_comment(service, computer):
    edited(computer, 'printf "#1 was C#.\\n#django\\nWrote Flask.\\n" > "$1"')

    assert service.entries(computer.user) == ["#1 was C#.\n#django\nWrote Flask."]


def test_the_editor_has_the_terminal(service, computer):
    with computer.at_terminal(
        EDITOR=computer.editor('echo "Your words?"; read words; echo "$words" > "$1"')
    ) as terminal:
        terminal.wait_for("Your words?")
        terminal.type("Wrote Flask by hand.\n")
        assert terminal.wait_for_end() == 0, terminal.screen

    assert service.entries(computer.user) == ["Wrote Flask by hand."]


def test_an_entry_typed_at_the_terminal_ends_with_ctrl_d(service, computer):
    with computer.at_terminal("-") as terminal:
        terminal.type("Wrote Flask.\n")
        terminal.wait_for("Wrote Flask.")
        terminal.type(CTRL_D)
        assert terminal.wait_for_end() == 0, terminal.screen

    assert service.entries(computer.user) == ["Wrote Flask."]


# -- Ctrl-C --------------------------------------------------------------------------------------------------------


@hears_ctrl_c
def test_ctrl_c_while_an_entry_is_sent_keeps_it(service, computer):
    holding = Holding(service.server.port)
    with (
        pretending(holding) as between,
        computer.at_terminal("Wrote Flask.", **computer.through(between.address)) as terminal,
    ):
        assert holding.answered.wait(20)
        terminal.type(CTRL_C)
        code, screen = terminal.wait_for_end(), terminal.screen

    assert code == 130
    assert "Kept" in screen
    assert "Traceback" not in screen
    computer.devlog("send")
    assert service.entries(computer.user) == ["Wrote Flask."]


@hears_ctrl_c
@pytest.mark.parametrize("arguments", [["-"], ["login"]])
def test_ctrl_c_at_a_prompt_ends_it_without_a_word_of_python(computer, arguments):
    with computer.at_terminal(*arguments) as terminal:
        if arguments == ["login"]:
            terminal.wait_for(":")
        else:
            terminal.type("Wrote Fl\n")
            terminal.wait_for("Wrote Fl")
        wait_until_it_reads(terminal.pid)
        terminal.type(CTRL_C)
        code, screen = terminal.wait_for_end(), terminal.screen

    assert code == 130
    assert "Traceback" not in screen
    assert "KeyboardInterrupt" not in screen
    assert computer.waiting() == []


@hears_ctrl_c
def test_ctrl_c_in_the_editor_saves_nothing(service, computer):
    with computer.at_terminal(EDITOR=computer.editor('echo "Wrote Flask." > "$1"; echo open; read words')) as terminal:
        terminal.wait_for("open")
        terminal.type(CTRL_C)
        code, screen = terminal.wait_for_end(), terminal.screen

    assert code in (1, 130)
    assert "Traceback" not in screen
    assert service.entries(computer.user) == [] == computer.waiting()


def test_the_end_of_the_terminal_ends_the_client_and_keeps_the_entry(service, computer):
    holding = Holding(service.server.port)
    with (
        pretending(holding) as between,
        computer.at_terminal("Wrote Flask.", **computer.through(between.address)) as terminal,
    ):
        assert holding.answered.wait(20)
        os.kill(terminal.pid, signal.SIGHUP)
        terminal.wait_for_end()

    computer.devlog("send")
    assert service.entries(computer.user) == ["Wrote Flask."]


# -- where the terminal's own encoding is a poor one ---------------------------------------------------------------


POOR = [
    {"LANG": "C", "LC_ALL": "C"},
    {"LANG": None, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"},
    {"LANG": "de_DE.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii"},
]


@pytest.mark.parametrize("environment", POOR, ids=["C", "C without UTF-8", "Latin-1", "ASCII"])
def test_any_signs_can_be_written_and_read_whatever_the_language_is_set_to(service, computer, environment):
    words = "Größe 日本語 🚀 · Flask."

    assert computer.devlog(words, **environment).code == 0
    assert computer.devlog("-", typed=words, **environment).code == 0

    assert service.entries(computer.user) == [words, words]
    assert computer.devlog("today", **environment).out.count(words) == 2


# -- output that ends early ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["today", "stack", "tags", "-h"])
def test_a_reader_who_has_gone_is_no_failure_to_speak_of(computer, written, command):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, str(CLIENT), command],
        env=computer.with_variables({}),
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)

    assert not [word for word in (b"Traceback", b"Exception", b"Broken pipe") if word in done.stderr]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("command", ["today", "stack", "-h"])
def test_a_full_disc_behind_the_output_is_said(computer, written, command):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, str(CLIENT), command],
            env=computer.with_variables({}),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )

    assert done.returncode == 1
    assert not [word for word in (b"Traceback", b"Exception") if word in done.stderr]
    assert b"space" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_lose_no_entry(service, computer, closed):
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" "$1" "Wrote Flask." {closed}', sys.executable, str(CLIENT)],
        env=computer.with_variables({}),
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr
    assert service.entries(computer.user) == ["Wrote Flask."]


def wait_until_it_reads(pid: int) -> None:
    """Wait until the process sleeps, as it does where it waits for what is typed."""
    eventually(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S", "a prompt")
