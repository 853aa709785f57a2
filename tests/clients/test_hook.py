"""The hook that notes each commit: it never stands in the way of one, and each commit is one entry."""

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.devlog_client import mode
from tests.support.repositories import Repository

SH_HOOK = "#!/bin/sh\n# the user's own\necho ran >> {mark}\n"
PYTHON_HOOK = "#!{python}\nopen({mark!r}, 'w').write('ran')\n"
# All that a hook may count on: what git itself needs, and POSIX.
TOOLS = "git sh cat chmod date mkdir mv rm sed head tr cut printf test dirname basename umask ln"


@pytest.fixture
def repository(computer, tmp_path) -> Repository:
    return Repository(computer, tmp_path / "shop")


@pytest.fixture
def hooked(repository) -> Repository:
    install(repository)
    return repository


def install(repository: Repository, *arguments: str, folder: Path | None = None) -> None:
    done = repository.computer.devlog("hook", "install", *arguments, cwd=folder or repository.folder)
    assert done.code == 0, done.err


def uninstall(repository: Repository) -> None:
    done = repository.computer.devlog("hook", "uninstall", cwd=repository.folder)
    assert done.code == 0, done.err


def user_hook(repository: Repository, text: str) -> Path:
    """Have a hook there already that leaves a mark when it runs; return the mark."""
    mark = repository.folder.parent / "mark"
    hook = repository.hook()
    hook.parent.mkdir(parents=True, exist_ok=True)
    hook.write_text(text.format(mark=str(mark), python=sys.executable), encoding="utf-8")
    hook.chmod(0o755)
    return mark


@pytest.fixture
def sent(service, computer):
    """Send what is kept; return the texts that the service then has."""

    def send() -> list[str]:
        done = computer.devlog("send")
        assert done.code == 0, done.err
        assert computer.waiting() == []
        return service.entries(computer.user)

    return send


# -- a commit is an entry ------------------------------------------------------------------------------------------


def test_a_commit_becomes_an_entry_with_its_subject_and_its_time(service, hooked, sent):
    hooked.commit("Cache the products in Redis\n\nAnd why.", at="2026-03-02T12:00:00+02:00")

    assert sent() == ["Cache the products in Redis"]
    (kept,) = service.kept(hooked.computer.user)
    assert kept.created_at == "2026-03-02 10:00:00"
    assert kept.external_id.startswith("commit:")
    assert not kept.is_private


def test_the_first_commit_and_those_after_it_are_sent_in_their_order(hooked, sent):
    for subject in ("First", "Second", "Third"):
        hooked.commit(subject)

    assert sent() == ["First", "Second", "Third"]


def test_a_commit_is_sent_with_the_next_entry(service, hooked):
    hooked.commit("Cache the products in Redis")

    assert hooked.computer.devlog("Wrote a Django app.").code == 0
    assert sorted(service.entries(hooked.computer.user)) == ["Cache the products in Redis", "Wrote a Django app."]


def test_the_hook_says_nothing(hooked):
    assert hooked.commit("Cache the products in Redis") == ""


def test_neither_file_names_nor_the_rest_of_the_message_are_noted(hooked):
    hooked.commit("Cache it\n\nA long explanation.\n", files={"secret-name.txt": "secret text"})

    noted = b"".join(path.read_bytes() for path in hooked.computer.state.rglob("*") if path.is_file())
    assert b"Cache it" in noted
    assert not [word for word in (b"explanation", b"secret-name", b"secret text") if word in noted]


def test_nobody_else_can_read_what_the_hook_notes(hooked):
    hooked.commit("Cache the products in Redis")

    assert mode(hooked.computer.state / "spool") == 0o700
    assert [mode(path) & 0o077 for path in hooked.computer.waiting()] == [0]


def test_the_hook_notes_where_xdg_state_home_says(service, hooked, tmp_path):
    elsewhere = str(tmp_path / "some where")
    hooked.commit("Cache the products in Redis", XDG_STATE_HOME=elsewhere)

    assert hooked.computer.devlog("send", XDG_STATE_HOME=elsewhere).code == 0
    assert service.entries(hooked.computer.user) == ["Cache the products in Redis"]


@pytest.mark.parametrize(
    "subject",
    [
        "Say \"yes\" and 'no' and `id` and $(id) and $HOME",
        "Back\\slashes \\n \\t \\0 and 100 %s %d %%",
        "Größe in Straße, ceník, 日本語, 🚀",
        "-n starts like an option",
        '{"entry": "looks like JSON"}',
        "; rm -rf ~ && echo | cat > x",
    ],
)
def test_a_subject_is_noted_as_it_is(hooked, sent, subject):
    hooked.commit(subject)

    assert sent() == [subject]


def test_line_ends_of_windows_are_no_part_of_a_subject(hooked, sent):
    hooked.commit("Cache the products in Redis\r\n\r\nAnd why.\r\n")

    assert sent() == ["Cache the products in Redis"]


def test_a_subject_in_the_encoding_of_its_commit_is_read_right(hooked, sent):
    hooked.git("config", "i18n.commitEncoding", "ISO-8859-1")
    hooked.commit("Größe der Schlüssel geändert".encode("iso-8859-1"))

    assert sent() == ["Größe der Schlüssel geändert"]


def test_a_subject_whose_bytes_are_no_text_stops_no_commit_and_no_other_entry(hooked, sent):
    hooked.commit(b"Gr\xf6\xdfe")
    hooked.commit("After it")

    assert "After it" in sent() or hooked.computer.refused()
    assert hooked.count() == 2


def test_a_commit_without_a_message_is_no_entry(hooked, sent):
    hooked.commit("", "--allow-empty-message")

    assert sent() == []
    assert hooked.computer.refused() == []


def test_a_subject_of_many_thousand_characters_stops_no_other_entry(service, hooked):
    hooked.commit("Wrote Django " * 4000)
    hooked.commit("After it")

    hooked.computer.devlog("send")

    assert "After it" in service.entries(hooked.computer.user)
    assert hooked.computer.waiting() == []


def test_a_commit_dated_ahead_of_today_is_an_entry(hooked, sent):
    ahead = datetime.now(UTC) + timedelta(days=3)
    hooked.commit("Cache the products in Redis", at=ahead.isoformat(timespec="seconds"))

    assert sent() == ["Cache the products in Redis"]


# -- history that is written anew ----------------------------------------------------------------------------------


def test_a_commit_amended_before_it_was_sent_is_one_entry(hooked, sent):
    hooked.commit("Cahce the products")
    hooked.commit("Cache the products", "--amend")

    assert sent() == ["Cache the products"]


def test_a_commit_amended_after_it_was_sent_edits_its_entry(hooked, sent):
    hooked.commit("First")
    hooked.commit("Cahce the products")
    assert sent() == ["First", "Cahce the products"]

    hooked.commit("Cache the products", "--amend")

    assert sent() == ["First", "Cache the products"]


def test_a_commit_amended_without_a_new_subject_stays_one_entry(hooked, sent):
    hooked.commit("Cache the products")
    assert sent() == ["Cache the products"]

    hooked.commit("Cache the products", "--amend", files={"more.txt": "more"})

    assert sent() == ["Cache the products"]


def test_a_rebase_doubles_no_entry(hooked, sent):
    hooked.commit("Begin", files={"a": "a"})
    hooked.git("checkout", "--quiet", "-b", "feature")
    hooked.commit("Feature one", files={"b": "b"})
    hooked.commit("Feature two", files={"c": "c"})
    hooked.git("checkout", "--quiet", "main")
    hooked.commit("Main goes on", files={"d": "d"})
    before = sent()

    hooked.git("rebase", "--quiet", "main", "feature")
    assert hooked.computer.waiting() == []
    assert sent() == before
    hooked.git("rebase", "--quiet", "--force-rebase", "--apply", "HEAD~2")
    assert sent() == before


def test_an_interactive_rebase_that_rewords_doubles_no_entry(hooked, sent):
    for name in ("one", "two", "three"):
        hooked.commit(name, files={name: name})
    before = sent()

    todo = "sed -i 's/^pick/reword/'"
    hooked.git("rebase", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR=todo, GIT_EDITOR="sed -i '1s/$/ again/'")

    assert "two again" in hooked.git("log", "--format=%s")
    assert sent() == before


def test_a_merge_is_no_entry_not_even_one_resolved_by_hand(hooked, sent):
    hooked.commit("Begin", files={"a": "a"})
    hooked.git("checkout", "--quiet", "-b", "feature")
    hooked.commit("Theirs", files={"a": "theirs"})
    hooked.git("checkout", "--quiet", "main")
    hooked.commit("Ours", files={"a": "ours"})
    assert hooked.run("merge", "feature").returncode == 1
    hooked.commit("Merge feature", files={"a": "both"})

    assert len(hooked.git("log", "-1", "--format=%P").split()) == 2
    assert sorted(sent()) == ["Begin", "Ours", "Theirs"]


def test_equal_subjects_in_one_repository_are_entries_of_their_own(hooked, sent):
    hooked.commit("Mend it", at="2026-03-02T12:00:00Z")
    hooked.commit("Mend it", at="2026-03-02T12:00:00Z")

    assert sent() == ["Mend it", "Mend it"]


def test_first_commits_of_two_repositories_in_one_second_are_two_entries(computer, tmp_path, sent):
    for name in ("shop", "site"):
        repository = Repository(computer, tmp_path / name)
        install(repository)
        repository.commit(f"Begin the {name}", at="2026-03-02T12:00:00Z")

    assert sorted(sent()) == ["Begin the shop", "Begin the site"]


# -- private -------------------------------------------------------------------------------------------------------


def test_commits_of_a_private_repository_are_private(service, hooked, sent):
    hooked.git("config", "devlog.private", "true")
    hooked.commit("Cache the products in Redis")

    sent()

    assert [one.is_private for one in service.kept(hooked.computer.user)] == [True]


def test_a_hook_installed_as_private_notes_private_entries(service, repository, sent):
    install(repository, "--private")
    repository.commit("Cache the products in Redis")

    sent()

    assert [one.is_private for one in service.kept(repository.computer.user)] == [True]


# -- beside hooks of one's own, and elsewhere ----------------------------------------------------------------------


def test_to_install_twice_notes_a_commit_once(hooked, sent):
    before = hooked.hook().read_bytes()

    install(hooked)
    hooked.commit("Cache the products in Redis")

    assert hooked.hook().read_bytes() == before
    assert sent() == ["Cache the products in Redis"]


def test_uninstalled_nothing_is_left(hooked):
    uninstall(hooked)
    hooked.commit("Cache the products in Redis")

    assert not hooked.hook().exists()
    assert hooked.computer.waiting() == []


def test_to_uninstall_what_is_not_there_is_no_failure(repository):
    mark = user_hook(repository, SH_HOOK)

    uninstall(repository)

    repository.commit("Begin")
    assert mark.exists()


@pytest.mark.parametrize(
    "text",
    [
        SH_HOOK,
        SH_HOOK + "exit 0\n",
        SH_HOOK + "exit 1\n",
        SH_HOOK + "exec true",
        SH_HOOK.replace("/bin/sh", "/bin/bash") + "set -eu; shopt -s nullglob\n",
        SH_HOOK.replace("/bin/sh", "/usr/bin/env bash"),
        SH_HOOK.replace("\n#", "\nset -eu\n#"),
    ],
    ids=["sh", "exits", "fails", "ends without a line end", "bash", "env bash", "strict"],
)
def test_a_shell_hook_of_ones_own_runs_as_before_and_comes_back_as_it_was(repository, sent, text):
    mark = user_hook(repository, text)
    before = repository.hook().read_bytes()

    install(repository)
    repository.commit("Cache the products in Redis")

    assert mark.read_text(encoding="utf-8") == "ran\n"
    assert sent() == ["Cache the products in Redis"]
    uninstall(repository)
    assert repository.hook().read_bytes() == before
    assert os.access(repository.hook(), os.X_OK)


def test_a_hook_in_another_language_is_left_alone_and_what_to_run_in_it_told(repository, sent):
    mark = user_hook(repository, PYTHON_HOOK)
    before = repository.hook().read_bytes()

    done = repository.computer.devlog("hook", "install", cwd=repository.folder)
    repository.commit("Begin")

    assert done.code == 1
    assert repository.hook().read_bytes() == before
    assert mark.exists()
    (command,) = re.findall(r"sh '.*?'", done.err)
    run = subprocess.run(["/bin/sh", "-c", command], cwd=repository.folder, env=repository.computer.with_variables({}))
    assert run.returncode == 0
    assert sent() == ["Begin"]


def test_a_linked_hook_stays_a_link(repository, tmp_path, sent):
    shared = tmp_path / "shared-hook"
    shared.write_text("#!/bin/sh\ntrue\n", encoding="utf-8")
    shared.chmod(0o755)
    repository.hook().parent.mkdir(exist_ok=True)
    repository.hook().symlink_to(shared)

    done = repository.computer.devlog("hook", "install", cwd=repository.folder)
    repository.commit("Cache the products in Redis")

    assert repository.hook().is_symlink() or done.code == 1
    assert repository.hook().resolve() == shared


@pytest.mark.parametrize("place", [".githooks", "{home}/hooks of all"], ids=["of the repository", "of all"])
def test_hooks_are_put_where_the_repository_says(repository, sent, place):
    folder = place.format(home=repository.computer.home)
    repository.git("config", "core.hooksPath", folder)

    install(repository)
    repository.commit("Cache the products in Redis", files={"a": "a"})

    assert (repository.folder / folder / "post-commit").exists()
    assert not (repository.folder / ".git/hooks/post-commit").exists()
    assert sent() == ["Cache the products in Redis"]


def test_who_installs_it_among_hooks_of_all_repositories_is_told_so(repository):
    repository.git("config", "core.hooksPath", str(repository.computer.home / "hooks"))

    done = repository.computer.devlog("hook", "install", "--private", cwd=repository.folder)

    assert "every repository" in done.err
    assert f"Those of {repository.folder} are private" in done.err


def test_from_a_folder_below_the_hook_goes_into_the_repository(repository, sent):
    below = repository.folder / "src/deep"
    below.mkdir(parents=True)

    install(repository, folder=below)
    repository.commit("Cache the products in Redis")

    assert sent() == ["Cache the products in Redis"]


def test_another_repository_can_be_named(computer, repository, sent):
    done = computer.devlog("hook", "install", "--repo", str(repository.folder), cwd=computer.home)
    assert done.code == 0, done.err
    repository.commit("Cache the products in Redis")

    assert sent() == ["Cache the products in Redis"]


def test_a_worktree_notes_its_commits_too(repository, tmp_path, sent):
    repository.commit("Begin")
    repository.git("worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "beside"))
    install(repository, folder=tmp_path / "beside")

    (tmp_path / "beside/a").write_text("a", encoding="utf-8")
    repository.git("-C", str(tmp_path / "beside"), "add", "--all")
    repository.git("-C", str(tmp_path / "beside"), "commit", "--quiet", "-m", "In the worktree")
    repository.commit("In the main one")

    assert sorted(sent()) == ["In the main one", "In the worktree"]


def test_a_path_with_spaces_and_umlauts_is_no_hindrance(service, tmp_path):
    computer = service.computer(tmp_path / "Jörgs Mäc")
    repository = Repository(computer, tmp_path / "Mein 'Projekt' für \"Ärger\" $HOME")
    install(repository)
    repository.commit("Cache the products in Redis")

    assert computer.devlog("send").code == 0
    assert service.entries(computer.user) == ["Cache the products in Redis"]


def test_outside_a_repository_a_sentence_says_so(computer, tmp_path):
    done = computer.devlog("hook", "install", cwd=tmp_path)

    assert done.code == 1
    assert "repository" in done.err


# -- a commit always succeeds --------------------------------------------------------------------------------------


@pytest.fixture
def bare_path(tmp_path) -> str:
    """A PATH with neither Python nor the client on it, as a program with windows has it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS.split():
        if path := shutil.which(tool):
            (folder / tool).symlink_to(path)
    return str(folder)


def test_with_neither_python_nor_the_client_on_the_path_a_commit_is_noted(hooked, sent, bare_path):
    assert hooked.commit("Cache the products in Redis", PATH=bare_path, LANG=None, TZ=None) == ""

    assert sent() == ["Cache the products in Redis"]


def test_without_a_home_a_commit_succeeds_and_says_nothing(hooked):
    config = hooked.computer.environment["GIT_CONFIG_GLOBAL"]

    assert hooked.commit("Begin", HOME=None, GIT_CONFIG_GLOBAL=config) == ""
    assert hooked.count() == 1


@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null/below", "{home}/a-file"])
def test_where_nothing_can_be_noted_a_commit_succeeds_and_says_nothing(hooked, place):
    (hooked.computer.home / "a-file").write_text("no folder", encoding="utf-8")

    shown = hooked.commit("Begin", XDG_STATE_HOME=place.format(home=hooked.computer.home))

    assert (shown, hooked.count()) == ("", 1)


def test_a_spool_that_is_a_file_stops_no_commit(hooked):
    hooked.computer.state.mkdir(parents=True)
    (hooked.computer.state / "spool").write_text("no folder", encoding="utf-8")

    assert (hooked.commit("Begin"), hooked.count()) == ("", 1)


def test_a_full_disc_stops_no_commit(hooked, bare_path):
    """`mv`, `cat` and their like fail, as if nothing could be written."""
    for tool in ("mv", "cat", "mkdir", "ln"):
        (Path(bare_path) / tool).unlink()
        (Path(bare_path) / tool).symlink_to(shutil.which("false"))

    assert (hooked.commit("Begin", PATH=bare_path), hooked.count()) == ("", 1)


def test_a_commit_on_a_detached_head_is_noted(hooked, sent):
    hooked.commit("Begin")
    hooked.git("checkout", "--quiet", "--detach")
    hooked.commit("Detached")

    assert sent() == ["Begin", "Detached"]


def test_a_commit_made_with_git_pointed_at_from_outside_is_noted(hooked, sent):
    """As editors and scripts do it: with GIT_DIR and GIT_WORK_TREE, from another folder."""
    (hooked.folder / "a").write_text("a", encoding="utf-8")
    pointed = {"GIT_DIR": str(hooked.folder / ".git"), "GIT_WORK_TREE": str(hooked.folder)}
    hooked.git("-C", "/", "add", "--all", **pointed)

    assert hooked.git("-C", "/", "commit", "--quiet", "-m", "From outside", **pointed) == ""
    assert sent() == ["From outside"]


def test_colours_and_signatures_set_for_every_log_do_not_reach_an_entry(hooked, sent):
    for name, value in {"color.ui": "always", "log.showSignature": "true", "log.decorate": "full"}.items():
        hooked.git("config", name, value)
    hooked.commit("Cache the products in Redis")

    assert sent() == ["Cache the products in Redis"]
