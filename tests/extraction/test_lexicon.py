"""The lexicon: what its files mean, and which spellings count as the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tagging.extraction import lexicon
from tagging.extraction.lexicon import Lexicon, canonical, known
from tagging.extraction.lexicon.tokens import PROSE, Text, forms, tokenise
from tagging.extraction.lexicon.typos import correct, well_known


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return a function that reads a lexicon made of the given lines."""

    def read(*lines: str) -> Lexicon:
        (tmp_path / "names.txt").write_text("\n".join(lines), encoding="utf-8")
        monkeypatch.setattr(lexicon, "FOLDER", tmp_path)
        return lexicon.from_files.__wrapped__()

    return read


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("k8s", "Kubernetes"),
        ("K8S", "Kubernetes"),
        ("postgres", "PostgreSQL"),
        ("golang", "Go"),
        ("NodeJS", "Node.js"),
        ("node.js", "Node.js"),
        ("Node JS", "Node.js"),
        ("docker-compose", "Docker Compose"),
        ("docker_compose", "Docker Compose"),
        ("next.js", "Next.js"),
        ("c++", "C++"),
        ("c#", "C#"),
        (".net", ".NET"),
        ("vue", "Vue.js"),
        ("JavaScript", "JavaScript"),
        ("  Ruby   on\tRails ", "Ruby on Rails"),
    ],
)
def test_every_spelling_of_a_name_leads_to_its_canonical_form(name, expected):
    assert canonical(name) == expected


def test_an_unknown_name_only_loses_its_extra_white_space():
    assert canonical("  ImaginaryNoneExistence \n Cloud ") == "ImaginaryNoneExistence Cloud"


@pytest.mark.parametrize("name", ["", "   ", "...", "\x00", "#"])
def test_a_name_without_letters_is_unknown(name):
    assert known(name) is None


def test_a_line_names_a_technology_and_its_aliases(written):
    names = written("# a comment", "", "Quarkflow = qflow, Quark Flow  # another comment")

    assert names.find("qflow", "qflow").name == "Quarkflow"
    assert names.find("quarkflow", "QuarkFlow").name == "Quarkflow"
    assert [spelling.written for spelling in names.by_name["Quarkflow"]] == ["Quarkflow", "qflow", "Quark Flow"]


def test_a_question_mark_says_that_the_spelling_is_an_everyday_word_too(written):
    names = written("Tinder? = tndr", "Flint = spark?")

    assert [names.find(word, word).everyday for word in ("tinder", "tndr", "flint", "spark")] == [
        True,
        False,
        False,
        True,
    ]


def test_an_exclamation_mark_asks_for_exactly_this_letter_case(written):
    names = written("HUB! = hubtool")

    assert names.find("hub", "hub") is None
    assert names.find("hub", "HUB").name == "HUB"
    assert names.find("hubtool", "HubTool").name == "HUB"


def test_marks_may_be_combined_and_are_no_part_of_the_name(written):
    spelling = written("D?!").find("d", "D")

    assert (spelling.name, spelling.everyday, spelling.exact) == ("D", True, True)


def test_a_section_says_what_kind_the_names_in_it_are_and_their_aliases_too(written):
    names = written("[database]", "Quarkbase = qbase", "[language]", "Quarklang")

    assert [names.find(word, word).kind for word in ("qbase", "quarkbase", "quarklang")] == [
        "database",
        "database",
        "language",
    ]


def test_a_section_of_no_known_kind_is_refused(written):
    with pytest.raises(ValueError, match="gadget"):
        written("[gadget]", "Quarkbase")


def test_sharp_and_plus_signs_of_a_name_are_no_comment_and_no_mark(written):
    names = written("C# = CSharp", "C++ = cpp")

    assert sorted(names.by_name) == ["C#", "C++"]
    assert names.find("c", "C") is None


def test_a_name_wins_against_an_equal_alias_of_another(written):
    names = written("Alpine.js = Alpine", "Alpine")

    assert names.find("alpine", "Alpine").name == "Alpine"


@pytest.mark.parametrize(
    ("text", "is_the_name"), [("Git Hub", True), ("GitHub", True), ("github", True), ("git hub", False)]
)
def test_a_name_split_at_its_capitals_counts_only_with_its_capitals(written, text, is_the_name):
    names = written("GitHub")

    assert (names.find(text.lower(), text) is not None) is is_the_name


def test_a_space_instead_of_a_hyphen_makes_everyday_words(written):
    names = written("release-it")

    assert names.find("releaseit", "release-it").everyday is False
    assert names.find("release it", "release it").everyday is True


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("C++ and C#, not C", ["c++", "and", "c#", "not", "c"]),
        ("C++17, C#12", ["c++", "17", "c#", "12"]),
        (".NET and ASP.NET", [".net", "and", "asp", "net"]),
        ("Ende. NET", ["ende", "net"]),
        ("Node.js/Express", ["node", "js", "express"]),
        ("snake_case #svelte PR#3", ["snake", "case", "svelte", "pr", "3"]),
        ("Ｄｊａｎｇｏ", ["django"]),
        ("Dja\u00adngo Ku\u0308che", ["django", "küche"]),
        ("Straße", ["strasse"]),
        ("", []),
        ("  \n... !", []),
    ],
)
def test_text_is_cut_into_folded_tokens(text, keys):
    assert [token.key for token in tokenise(text)] == keys


@pytest.mark.parametrize(
    "text", ["ein Satz. Noch einer!", "  .NET\t`C#`…  ", "x" * 50 + "\u200b" + "é" * 9, "🚀 #rust\r\n\r\n"]
)
def test_tokens_and_gaps_put_together_are_the_text(text):
    tokens = tokenise(text)

    rebuilt = "".join(token.gap + token.text for token in tokens)
    assert text.startswith(rebuilt)
    assert all(text[token.start : token.end] == token.text for token in tokens)


def test_white_space_and_punctuation_of_a_name_are_folded():
    assert forms("Docker Compose")[0] == ("docker compose", "dockercompose")
    assert forms("Node.js")[0] == ("nodejs", "node js")
    assert forms("Let's Encrypt")[0] == ("lets encrypt", "letsencrypt", "let s encrypt")


def test_an_entry_knows_where_sentences_begin():
    text = Text("First one. Second\n- third: fourth")

    assert [token.text for token, opens in zip(text.tokens, text.opens, strict=True) if opens] == [
        "First",
        "Second",
        "third",
        "fourth",
    ]


@pytest.mark.parametrize(
    ("entry", "prose"),
    [
        ("run `make all` now", ["run", "now"]),
        ("```\ncode\n```\nafter", ["after"]),
        ("an `unclosed\nnext line", ["an", "next", "line"]),
    ],
)
def test_an_entry_knows_what_is_code(entry, prose):
    text = Text(entry)

    assert [token.text for token, zone in zip(text.tokens, text.zone, strict=True) if zone == PROSE] == prose


def test_addresses_and_mentions_of_people_are_hidden():
    text = Text("thanks @django_fan, see https://react.dev/learn/redux for docs")

    assert [text.tokens[i].text for i in sorted(text.hidden)] == ["django", "react", "dev", "learn", "redux"]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("javasript", "JavaScript"),
        ("kuberntes", "Kubernetes"),
        ("elasticserach", "Elasticsearch"),
        ("typscript", "TypeScript"),
        ("dockerr", "Docker"),
        ("pythom", "Python"),
        ("gitubb", "GitHub"),
        ("maploitlib", "Matplotlib"),
        ("hmtl", "HTML"),
    ],
)
def test_one_slip_in_a_well_known_name_is_corrected(word, name):
    assert correct(word).name == name


@pytest.mark.parametrize(
    "word",
    [
        *("string", "commando", "jest", "kubernetism", "postcards", "jenga", "dockland", "pyjamas", "x" * 10_000, ""),
        *("closure", "futter", "dicker", "cents", "jupiter", "fortan", "moskito", "jason", "illustrated"),
    ],
)
def test_other_words_are_not_corrected(word):
    assert correct(word) is None


def test_the_files_of_this_repository_hold_many_names_without_marks_in_them():
    names = lexicon.load().by_name

    assert len(names) > 3500
    assert [name for name in names if not name.strip() or name[-1] in "?!=," or " = " in name] == []


def test_every_name_can_be_found_under_itself():
    lost = [name for name, spellings in lexicon.load().by_name.items() if not known(spellings[0].written)]

    assert lost == []


def test_every_well_known_name_is_in_the_lexicon():
    assert sorted(word for word in well_known() if word not in lexicon.load().spellings) == []


def test_the_lexicon_is_not_read_on_import():
    code = (
        "import sys; opened = []; sys.addaudithook(lambda event, args: event == 'open' and opened.append(args[0]))\n"
    )
    code += "import tagging.extraction.grounding, tagging.extraction.embedded.extractor as e\n"
    code += "e.EmbeddedExtractor.from_settings(None)\n"
    code += "print(sum(str(path).endswith(('.txt', '.cues', '.names')) for path in opened))"

    read = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout

    assert int(read) == 0
