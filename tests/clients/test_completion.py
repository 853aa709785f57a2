"""What a shell completes behind `devlog`."""

import shutil
import subprocess

import pytest

COMMANDS = ["today", "week", "search", "stack", "tags", "git", "hook", "send", "login", "completion"]


def completed(script: str, *words: str) -> list[str]:
    """Return what bash offers for the last of these words."""
    line = " ".join(f"'{word}'" for word in ["devlog", *words])
    asked = f'{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words)}; _devlog; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_bash_completes_commands_their_words_and_options(computer):
    script = computer.devlog("completion", "bash").out

    assert completed(script, "") == COMMANDS
    assert completed(script, "st") == ["stack"]
    assert completed(script, "hook", "") == ["install", "uninstall", "--repo", "--private"]
    assert completed(script, "stack", "--f") == ["--format"]
    assert completed(script, "stack", "--format", "json") == ["json", "jsonresume"]
    assert completed(script, "completion", "") == ["bash", "zsh", "fish"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_told_of_each_command(computer, shell):
    done = computer.devlog("completion", shell)

    assert done.code == 0
    assert " ".join(COMMANDS) in done.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_can_read_what_it_is_told(computer, shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell}")
    script = computer.devlog("completion", shell).out

    subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=True, timeout=60)
