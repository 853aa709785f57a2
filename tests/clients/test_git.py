"""`devlog git`: the day's own commits as a draft, which its author completes in the editor."""

import re
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.devlog_client import CLIENT, Computer, told_files
from tests.support.repositories import BOB, Repository

KEEP = 'cp "$1" "$HOME/draft"'  # what an editor does that changes nothing
LONG_AGO = "2026-03-02T12:00:00+00:00"


@pytest.fixture(autouse=True)
def about_noon(computer):
    """It is about noon where the computer is, so that no midnight comes in between."""
    computer.environment["TZ"] = f"<NOON>{datetime.now(UTC).hour - 12}"


@pytest.fixture
def shop(computer, tmp_path) -> Repository:
    return Repository(computer, tmp_path / "shop")


@pytest.fixture
def draft(computer):
    """Open the draft and close the editor with it as it is, or as the script makes it; return exit code and screen."""

    def run(repository: Repository | None, *arguments: str, script: str = "true", **environment: str | None):
        editor = computer.editor(f"{KEEP}\n{script}")
        folder = repository.folder if repository else computer.home
        with computer.at_terminal("git", *arguments, cwd=folder, **{"EDITOR": editor, **environment}) as terminal:
            code = terminal.wait_for_end()
            assert "Traceback" not in terminal.screen
            return code, terminal.screen

    return run


def opened(computer) -> str | None:
    """Return what the editor was opened with, or None if none was."""
    path = computer.home / "draft"
    return path.read_text(encoding="utf-8") if path.exists() else None


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def today(computer) -> str:
    return (datetime.now(UTC) + timedelta(hours=12 - datetime.now(UTC).hour)).date().isoformat()


def add_on_the_page(service, computer, words: str) -> None:
    """Add a line to the newest entry, as its author does in a browser."""
    ((number, entry),) = service.site.query("SELECT id, entry FROM devlogs_devlog ORDER BY id DESC LIMIT 1")
    token = {"Authorization": f"Bearer {computer.token}"}
    body = {"entry": f"{entry}\n{words}"}
    assert service.server.request("PATCH", f"/api/v1/devlogs/{number}/", body, **token).status == 200


# -- what is in it -------------------------------------------------------------------------------------------------


def test_the_days_own_commits_are_the_draft_oldest_first(computer, shop, draft):
    shop.commit("Begin the shop", at=LONG_AGO)
    shop.commit("Cache the products in Redis\n\nAnd why.")
    shop.commit("Deploy it with Helm")

    draft(shop)

    assert lines(opened(computer)) == ["shop:", "- Cache the products in Redis", "- Deploy it with Helm"]


def test_comments_tell_what_to_do_and_are_not_saved(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")

    code, screen = draft(shop)

    assert code == 0, screen
    assert "say why" in opened(computer)
    assert service.entries(computer.user) == ["shop:\n- Cache the products in Redis"]


def test_the_tags_are_shown_once_it_is_saved(shop, draft):
    shop.commit("Cache the products in Redis")

    assert "Redis" in draft(shop, script='echo "Since PostgreSQL was slow." >> "$1"')[1]


def test_commits_of_others_merges_and_other_days_are_left_out(computer, shop, draft):
    shop.commit("Mine", files={"a": "a"})
    shop.commit("Of Bob", author=BOB, files={"b": "b"})
    shop.commit("Of last spring", at=LONG_AGO, files={"c": "c"})
    shop.git("checkout", "--quiet", "-b", "feature", "HEAD~1")
    shop.commit("On a branch", files={"d": "d"})
    shop.git("checkout", "--quiet", "main")
    shop.git("merge", "--quiet", "--no-ff", "-m", "Merge feature", "feature")

    draft(shop)

    assert lines(opened(computer)) == ["shop:", "- Mine", "- On a branch"]


def test_commits_on_every_local_branch_count(computer, shop, draft):
    shop.commit("On main")
    shop.git("checkout", "--quiet", "-b", "feature")
    shop.commit("On a branch")
    shop.git("checkout", "--quiet", "main")

    draft(shop)

    assert lines(opened(computer)) == ["shop:", "- On main", "- On a branch"]


def test_since_takes_the_words_of_git(computer, shop, draft):
    shop.commit("Too old", at="2026-02-01T12:00:00Z")
    shop.commit("Begin the shop", at=LONG_AGO)
    shop.commit("Cache the products")

    draft(shop, "--since", "2026-03-01")

    assert lines(opened(computer)) == ["shop:", "- Begin the shop", "- Cache the products"]


def test_several_repositories_stand_below_each_other(computer, shop, draft, tmp_path):
    site = Repository(computer, tmp_path / "site")
    shop.commit("In the shop")
    site.commit("In the site")

    draft(None, "--repo", str(shop.folder), "--repo", str(site.folder))

    assert lines(opened(computer)) == ["shop:", "- In the shop", "site:", "- In the site"]


def test_a_folder_of_repositories_gives_those_one_level_below(computer, shop, draft, tmp_path):
    site = Repository(computer, tmp_path / "site")
    Repository(computer, tmp_path / "idle")
    shop.commit("In the shop")
    site.commit("In the site")

    draft(None, "--repo", str(tmp_path))

    assert lines(opened(computer)) == ["shop:", "- In the shop", "site:", "- In the site"]


def test_file_names_are_there_only_when_asked_for(computer, shop, draft):
    shop.commit("Cache the products", files={"src/cache.py": "import redis\n", "Größe.txt": "1\n"})

    draft(shop, script=': > "$1"')
    assert "cache.py" not in opened(computer)

    draft(shop, "--files")
    text = opened(computer)
    assert re.search(r"^ +.*src/cache\.py", text, re.MULTILINE)
    assert "Größe.txt" in text
    assert "import redis" not in text


def test_subjects_with_any_signs_stand_as_they_are(service, computer, shop, draft):
    subjects = ['Say "yes" & `no` $(id) 100 % 🚀', "Größe der Schlüssel", "# looks like a comment"]
    for subject in subjects:
        shop.commit(subject)

    draft(shop)

    assert service.entries(computer.user) == ["\n".join(["shop:", *[f"- {subject}" for subject in subjects]])]


def test_a_subject_in_another_encoding_is_read_right(computer, shop, draft):
    shop.git("config", "i18n.commitEncoding", "ISO-8859-1")
    shop.commit("Größe geändert".encode("iso-8859-1"))

    draft(shop)

    assert "- Größe geändert" in lines(opened(computer))


def test_settings_of_git_for_people_do_not_show_in_the_draft(computer, shop, draft):
    names = [
        "color.ui=always",
        "log.showSignature=true",
        "log.decorate=full",
        "log.showRoot=false",
        "format.pretty=raw",
    ]
    for name in names:
        shop.git("config", *name.split("="))
    shop.git("config", "log.date", "relative")
    shop.commit("Cache the products")

    draft(shop)

    assert lines(opened(computer)) == ["shop:", "- Cache the products"]


def test_an_entry_can_be_of_another_day(service, computer, shop, draft):
    shop.commit("Begin the shop", at=LONG_AGO)

    draft(shop, "--since", "2026-03-01", "--date", "2026-03-02")

    (kept,) = service.kept(computer.user)
    assert (kept.external_id, kept.created_at[:10]) == ("git:2026-03-02", "2026-03-02")


# -- where there is nothing ----------------------------------------------------------------------------------------


def nothing_in(repository):
    repository.commit("Of last spring", at=LONG_AGO)


def others_alone(repository):
    repository.commit("Of Bob", author=BOB)


@pytest.mark.parametrize("make", [nothing_in, others_alone, lambda repository: None], ids=["idle", "others", "empty"])
def test_without_own_commits_a_sentence_says_so_and_no_editor_opens(service, computer, shop, draft, make):
    make(shop)

    code, screen = draft(shop)

    assert code == 0
    assert "ommit" in screen
    assert opened(computer) is None
    assert service.entries(computer.user) == []


def test_outside_a_repository_a_sentence_says_so(computer, draft):
    code, screen = draft(None)

    assert code == 1
    assert "repository" in screen
    assert opened(computer) is None


def test_why_git_refuses_a_repository_is_told_in_its_own_words(computer, shop, draft, tmp_path):
    shop.commit("Cache the products in Redis")
    anothers = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}

    code, screen = draft(shop, **anothers)
    assert code == 1
    assert "dubious ownership" in screen
    assert "safe.directory" in screen
    assert "dubious ownership" in draft(None, "--repo", str(tmp_path), **anothers)[1]
    assert "dubious ownership" in computer.devlog("hook", "install", cwd=shop.folder, **anothers).err


def test_a_path_that_is_not_there_is_named(draft):
    code, screen = draft(None, "--repo", "/nowhere/at all")

    assert code in (1, 2)
    assert "/nowhere/at all" in screen


def test_words_for_since_that_look_like_an_option_run_nothing(computer, shop, draft):
    shop.commit("Cache the products")

    draft(shop, "--since=--output=" + str(computer.home / "written"))

    assert not (computer.home / "written").exists()


def test_without_an_email_of_ones_own_a_sentence_says_so(computer, tmp_path, draft):
    shop = Repository(computer, tmp_path / "shop")
    shop.commit("Mine")
    shop.git("config", "--unset", "user.email")

    code, screen = draft(shop)

    assert "user.email" in screen
    assert code in (0, 1)
    assert opened(computer) is None


def test_on_a_detached_head_its_commits_are_there(computer, shop, draft):
    shop.commit("On main")
    shop.git("checkout", "--quiet", "--detach")
    shop.commit("Detached")

    draft(shop)

    assert lines(opened(computer)) == ["shop:", "- On main", "- Detached"]


def test_a_bare_repository_is_read_or_named_as_what_it_is(computer, shop, draft, tmp_path):
    shop.commit("Cache the products")
    shop.git("clone", "--quiet", "--bare", str(shop.folder), str(tmp_path / "bare.git"))
    shop.git("-C", str(tmp_path / "bare.git"), "config", "user.email", "ada@example.org")

    code, screen = draft(None, "--repo", str(tmp_path / "bare.git"))

    assert (code == 0 and "- Cache the products" in opened(computer)) or (code == 1 and "bare" in screen)


def test_a_path_with_spaces_and_umlauts_is_no_hindrance(computer, tmp_path, draft):
    shop = Repository(computer, tmp_path / "Mein Projekt für Ärger")
    shop.commit("Cache the products")

    draft(shop)

    assert lines(opened(computer)) == ["Mein Projekt für Ärger:", "- Cache the products"]


def test_from_a_folder_below_the_whole_repository_is_meant(computer, shop, draft):
    shop.commit("Cache the products", files={"src/deep/cache.py": "1\n"})

    draft(None, "--repo", str(shop.folder / "src/deep"))

    assert lines(opened(computer)) == ["shop:", "- Cache the products"]


def test_a_worktree_is_a_repository(computer, shop, draft, tmp_path):
    shop.commit("Begin", at=LONG_AGO)
    shop.git("worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "beside"))
    (tmp_path / "beside/a").write_text("a", encoding="utf-8")
    shop.git("-C", str(tmp_path / "beside"), "add", "--all")
    shop.git("-C", str(tmp_path / "beside"), "commit", "--quiet", "-m", "In the worktree")

    draft(None, "--repo", str(tmp_path / "beside"))

    assert "- In the worktree" in lines(opened(computer))


def test_without_git_a_sentence_says_so(shop, draft, tmp_path):
    shop.commit("Cache the products")
    (tmp_path / "bin").mkdir()

    code, screen = draft(shop, PATH=str(tmp_path / "bin"))

    assert code == 1
    assert "git" in screen


# -- once a day ----------------------------------------------------------------------------------------------------


def test_a_second_run_adds_the_new_commits_and_keeps_what_its_author_wrote(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")
    draft(shop, script='echo "Since PostgreSQL was slow." >> "$1"')
    shop.commit("Deploy it with Helm")

    code, screen = draft(shop)

    assert code == 0, screen
    (entry,) = service.entries(computer.user)
    assert entry.count("Since PostgreSQL was slow.") == 1
    assert entry.count("- Cache the products in Redis") == 1
    assert entry.count("- Deploy it with Helm") == 1
    assert service.kept(computer.user)[0].external_id == f"git:{today(computer)}"


def test_a_subject_that_another_begins_with_is_not_taken_for_it(service, computer, shop, draft):
    shop.commit("Fix the shop")
    draft(shop)
    shop.commit("Fix")

    draft(shop)

    assert [lines(entry) for entry in service.entries(computer.user)] == [["shop:", "- Fix the shop", "- Fix"]]


def test_a_second_run_puts_a_new_commit_beside_those_of_its_repository(service, computer, shop, draft, tmp_path):
    site = Repository(computer, tmp_path / "site")
    shop.commit("In the shop")
    site.commit("In the site")
    both = ["--repo", str(shop.folder), "--repo", str(site.folder)]
    draft(None, *both)
    shop.commit("More in the shop")

    draft(None, *both)

    (entry,) = service.entries(computer.user)
    assert lines(entry).index("- More in the shop") < lines(entry).index("site:") or entry.count("shop:") == 2
    assert entry.count("- In the site") == 1


def test_a_second_run_without_new_commits_changes_nothing(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")
    draft(shop)
    before = service.kept(computer.user)

    code, screen = draft(shop)

    assert code == 0, screen
    assert service.kept(computer.user) == before


def test_an_entry_deleted_since_is_drafted_anew(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")
    draft(shop)
    ((number,),) = service.site.query("SELECT MAX(id) FROM devlogs_devlog")
    token = {"Authorization": f"Bearer {computer.token}"}
    assert service.server.request("DELETE", f"/api/v1/devlogs/{number}/", **token).status == 204

    draft(shop)

    assert service.entries(computer.user) == ["shop:\n- Cache the products in Redis"]


def test_a_reworded_entry_keeps_its_words(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")
    draft(shop, script='sed -i "s/Cache the products/Cached all products/" "$1"')
    shop.commit("Deploy it with Helm")

    draft(shop)

    (entry,) = service.entries(computer.user)
    assert "Cached all products in Redis" in entry
    assert "- Deploy it with Helm" in entry


def test_what_is_written_elsewhere_while_the_editor_is_open_is_not_lost(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")
    draft(shop)
    shop.commit("Deploy it with Helm")
    editor = computer.editor('echo open; read line; echo "Since it was slow." >> "$1"')
    with computer.at_terminal("git", cwd=shop.folder, EDITOR=editor) as terminal:
        terminal.wait_for("open")
        add_on_the_page(service, computer, "Written on the page.")
        terminal.type("\n")
        terminal.wait_for_end()

    (entry,) = service.entries(computer.user)
    begun = ["shop:", "- Cache the products in Redis", "Written on the page."]
    assert lines(entry) == [*begun, "- Deploy it with Helm", "Since it was slow."]
    assert "another text" in terminal.screen


def test_an_entry_begun_elsewhere_while_the_first_draft_is_open_is_not_lost(service, computer, shop, draft, tmp_path):
    laptop = Computer(tmp_path / "laptop")
    laptop.configure(service.address, computer.token)
    laptop.environment["TZ"] = computer.environment["TZ"]
    site = Repository(laptop, tmp_path / "site")
    for repository in (shop, site):
        repository.commit(f"In the {repository.folder.name}")
    editor = computer.editor("echo open; read line")
    with computer.at_terminal("git", cwd=shop.folder, EDITOR=editor) as terminal:
        terminal.wait_for("open")
        assert laptop.devlog("git", cwd=site.folder, EDITOR="true").code == 0
        terminal.type("\n")
        terminal.wait_for_end()

    (entry,) = service.entries(computer.user)
    assert lines(entry) == ["site:", "- In the site", "shop:", "- In the shop"]


def test_another_computer_adds_to_the_same_days_entry(service, computer, shop, draft, tmp_path):
    shop.commit("In the shop")
    draft(shop)
    site = Repository(computer, tmp_path / "site")
    site.commit("In the site")

    draft(site)

    (entry,) = service.entries(computer.user)
    assert lines(entry) == ["shop:", "- In the shop", "site:", "- In the site"]


def test_a_private_entry_stays_private_in_a_second_run(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")
    draft(shop, "--private")
    assert [one.is_private for one in service.kept(computer.user)] == [True]
    shop.commit("Deploy it with Helm")

    draft(shop)

    assert [one.is_private for one in service.kept(computer.user)] == [True]


def test_two_accounts_have_an_entry_of_the_same_day_each(service, computer, shop, draft, tmp_path):
    other = service.computer(tmp_path / "other home")
    shop.commit("Mine")
    draft(shop)
    computer.configure(service.address, service.tokens[other.user])

    draft(shop)

    assert service.entries(computer.user) == service.entries(other.user) == ["shop:\n- Mine"]


# -- editors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [': > "$1"', 'grep "^#" "$1" > "$1.x"; mv "$1.x" "$1"', 'printf " \\n\\n" > "$1"'])
def test_a_draft_left_empty_saves_nothing(service, computer, shop, draft, script):
    shop.commit("Cache the products in Redis")

    code, screen = draft(shop, script=script)

    assert code == 0
    assert len(screen.strip()) > 0
    assert service.entries(computer.user) == [] == computer.waiting()


def test_an_editor_that_fails_saves_nothing_and_its_draft_stays(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")

    code, screen = draft(shop, script='echo "Since it was slow." >> "$1"; exit 1')

    assert code == 1
    assert service.entries(computer.user) == []
    assert any("Since it was slow." in path.read_text(encoding="utf-8") for path in told_files(screen))


def test_an_editor_that_is_not_there_is_named(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")

    code, screen = draft(shop, EDITOR="no-such-editor --wait")

    assert code == 1
    assert "no-such-editor" in screen
    assert service.entries(computer.user) == []


def test_with_neither_terminal_nor_editor_the_draft_is_put_into_a_file_that_is_told(service, computer, shop):
    shop.commit("Cache the products in Redis")

    done = computer.devlog("git", cwd=shop.folder)

    assert done.code == 1
    assert service.entries(computer.user) == []
    assert any("- Cache the products" in path.read_text(encoding="utf-8") for path in told_files(done.err))


def test_line_ends_of_windows_and_a_mark_at_the_beginning_are_taken_away(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")
    script = r"""printf '\357\273\277shop:\r\n- Cache it\r\n\r\nAnd why.\r\n' > "$1" """

    draft(shop, script=script)

    assert service.entries(computer.user) == ["shop:\n- Cache it\n\nAnd why."]


def test_an_editor_that_saves_by_renaming_is_read(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")

    draft(shop, script='sed "s/products/goods/" "$1" > "$1.new"; rm "$1"; mv "$1.new" "$1"')

    assert service.entries(computer.user) == ["shop:\n- Cache the goods in Redis"]


def test_bytes_of_an_editor_that_are_no_text_are_told_and_not_lost(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")

    code, screen = draft(shop, script=r"""printf 'Gr\366\337e\n' > "$1" """)

    assert code == 1
    assert "UTF-8" in screen
    assert service.entries(computer.user) == []
    assert any(b"Gr\xf6\xdfe" in path.read_bytes() for path in told_files(screen))


def test_while_the_service_is_away_the_draft_is_kept_and_sent_later(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")

    code, screen = draft(shop, script='echo "Since it was slow." >> "$1"', **computer.through("http://127.0.0.1:9"))

    assert code == 75, screen
    assert computer.devlog("send").code == 0
    (entry,) = service.entries(computer.user)
    assert "Since it was slow." in entry


def test_a_draft_written_twice_while_the_service_is_away_is_one_entry_and_loses_nothing(
    service, computer, shop, draft
):
    away = computer.through("http://127.0.0.1:9")
    shop.commit("Cache the products in Redis")
    draft(shop, script='echo "Since it was slow." >> "$1"', **away)
    shop.commit("Deploy it with Helm")
    draft(shop, script='echo "With three replicas." >> "$1"', **away)

    computer.devlog("send")

    texts = service.entries(computer.user) + [path.read_text(encoding="utf-8") for path in computer.refused()]
    assert len(service.entries(computer.user)) == 1
    assert all(any(words in text for text in texts) for words in ("Since it was slow.", "With three replicas."))


def test_a_kept_draft_that_is_sent_while_it_is_open_again_is_one_entry(service, computer, shop, draft):
    shop.commit("Cache the products in Redis")
    draft(shop, **computer.through("http://127.0.0.1:9"))
    shop.commit("Deploy it with Helm")

    code, screen = draft(shop, script=f'"{sys.executable}" "{CLIENT}" send')

    assert code == 0, screen
    assert [lines(entry) for entry in service.entries(computer.user)] == [
        ["shop:", "- Cache the products in Redis", "- Deploy it with Helm"]
    ]


def test_no_draft_is_left_behind_where_all_went_well(computer, shop, draft, tmp_path):
    shop.commit("Cache the products in Redis")
    (tmp_path / "temporary").mkdir()

    draft(shop, TMPDIR=str(tmp_path / "temporary"))

    assert list((tmp_path / "temporary").iterdir()) == []
