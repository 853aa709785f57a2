"""Names with letters glued to them: those of another script, an ending, the second word of a compound, a version.

And the other way round: what only begins like a name is none.
"""

from __future__ import annotations

import pytest

from tagging.extraction.base import Technology
from tagging.extraction.grounding import ground
from tagging.extraction.lexicon.glued import parts
from tests.support.effort import steps


def kept(name: str, entry: str) -> list[str]:
    return [mention.name for mention in ground([Technology(name)], entry).mentions]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("Django", "今天用Django和Redis写了一个服务。"),
        ("Redis", "今天用Django和Redis写了一个服务。"),
        ("Redis", "今日はDjangoとRedisを使ってAPIを作った。"),
        ("Redis", "Redis까지 붙였다."),
        ("Django", "วันนี้ใช้Djangoกับ Redis"),
        ("Django", "עבדתי בDjango"),
        ("Django", "كتبت بDjango"),
        ("Redis", "кэш с Redisом"),
        ("PHP", "PHPшник"),
        ("Django", "με το Djangoτου"),
        ("Django", "Djangoमें"),
        ("Go", "今天用Go写了"),
        ("Go", "ב-Go"),
        ("Go", "Go-сервис"),
        ("C", "用C语言"),
        ("R", "R言語で"),
        ("C#", "用C#写"),
        ("C++", "Ｃ＋＋で"),
        (".NET", "用.NET写"),
        ("Docker Compose", "用Docker Compose部署"),
        ("Docker Compose", "Docker\u3000Composeで"),
        ("Node.js", "Ｎｏｄｅ．ｊｓで"),
        ("Django", "用\u200bDjango\u200d写"),
        ("Nimbusforge", "部署在Nimbusforge上"),
        ("飞书", "今天用飞书写了"),
        ("微信小程序", "我用微信小程序做"),
        ("ジャンゴ", "今日はジャンゴを使った"),
        ("카카오톡", "카카오톡으로 보냈다"),
        ("Битрикс", "работал с Битриксом"),
    ],
)
def test_a_name_ends_where_the_script_changes(name, entry):
    assert kept(name, entry) == [name]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("Django", "Bugün Django'yu bağladım"),
        ("Django", "Bugün Django’yu bağladım"),
        ("Django", "Bugün Djangoʼyu bağladım"),
        ("Django", "Bugün Djangoyu bağladım"),
        ("Go", "Go'da yazdım"),
        ("C", "C'de yazdım"),
        ("Redis", "Redise bağladım"),
        ("Django", "Ma Djangóval dolgoztam"),
        ("Redis", "Ma Redisszel dolgoztam"),
        ("Docker", "Dockerrel"),
        ("Python", "Pythonnal"),
        ("Java", "Javában"),
        ("PHP", "PHPban"),
        ("C", "C-ben írtam"),
        ("Django", "Tein palvelun Djangolla"),
        ("Django", "djangolla"),
        ("Redis", "Rediksellä"),
        ("Kubernetes", "Kuberneteksessa"),
        ("Docker Compose", "Docker Composella"),
        ("React", "Reactilla"),
        ("PHP", "PHP:llä"),
        ("Django", "Pracowałem z Djangiem"),
        ("Docker", "Dockerem"),
        ("Apache Kafka", "dane z Kafki"),
        ("Java", "napisane w Javie"),
        ("Docker", "v Dockeru"),
        ("Nimbusforge", "Nimbusforgella"),
    ],
)
def test_a_name_may_carry_an_ending(name, entry):
    assert kept(name, entry) == [name]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("Django", "ein Djangoprojekt"),
        ("Django", "Djangosprojekte"),
        ("Django", "DjangoProjekt"),
        ("Django", "Djangostunde"),
        ("Docker", "die Dockercontainern"),
        ("Docker", "dockercontainer"),
        ("Docker Compose", "Docker Composedatei"),
        ("Kubernetes", "der Kubernetescluster"),
        ("Kubernetes", "Kubernetesclusterverwaltung"),
        ("Elasticsearch", "Elasticsearchindex"),
        ("PostgreSQL", "Postgresdatenbank"),
        ("React", "Reactkomponenten"),
        ("Vue.js", "Vueapp"),
        ("Java", "Javaklasse"),
        ("Git", "Gitrepository"),
        ("SQL", "SQLabfragen"),
        ("iOS", "iOSapp"),
        ("Rust", "Rustprojekt"),
        ("Redis", "RedisCluster"),
    ],
)
def test_a_known_name_counts_as_the_first_part_of_a_compound(name, entry):
    assert kept(name, entry) == [name]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("Python", "Python3"),
        ("Java", "Java17-Migration"),
        ("Vue.js", "Vue3"),
        ("PHP", "PHP8.3"),
        ("Go", "Go1.22"),
        ("React", "react18"),
        ("Django", "Django５"),
        ("PostgreSQL", "Postgres16"),
    ],
)
def test_a_known_name_may_carry_its_version(name, entry):
    assert kept(name, entry) == [name]


@pytest.mark.parametrize("entry", ["`@django/x`", "#Django", "**Django**", "🚀Django🚀", "_Django_", "a/Django/b"])
def test_signs_beside_a_name_are_no_letters(entry):
    assert kept("Django", entry) == ["Django"]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("Go", "Gott sei Dank"),
        ("Go", "Goserver, Golem"),
        ("R", "Rtest R2D2"),
        ("C", "Cat, Cserver"),
        ("C", "C'est la vie"),
        ("S", "S3"),
        ("Java", "JavaScript"),
        ("Java", "Javaskript, Javascriptprojekt, Javascripting"),
        ("Java", "Javanese javac"),
        ("Script", "JavaScript"),
        ("React", "Reactor, Reactorprojekt, Preact"),
        ("React", "Reaction, reactive"),
        ("SQL", "SQLite, SQLAlchemy"),
        ("Git", "GitHub, Gitter, Gitarre"),
        ("Redis", "Redistribution, redisplay, rediscover"),
        ("Rust", "rustikal, Rusty"),
        ("Spring", "Springbrunnen"),
        ("Express", "Expresszug, Expression"),
        ("Dart", "Dartscheibe"),
        ("Microsoft Teams", "Teamsport"),
        ("Consul", "Consultant"),
        ("Visio", "vision"),
        ("Scala", "Scalability"),
        ("Vue.js", "Vuelta"),
        ("Helm", "Helmet"),
        ("Erlang", "Erlanger"),
        ("Auth", "Auth0"),
        ("HACKED", "HACKED2, HACKEDX, HACKEDdatenbank"),
        ("飞", "今天用飞书"),
        ("장고", "냉장고"),
    ],
)
def test_what_only_begins_like_a_name_is_another_word(name, entry):
    assert kept(name, entry) == []


@pytest.mark.parametrize(("name", "entry"), [("C", "Cорт"), ("D", "HАСKЕD"), ("Go", "Goаl"), ("R", "сR")])
def test_one_or_two_letters_beside_letters_that_look_latin_are_no_name(name, entry):
    assert kept(name, entry) == []


def test_the_words_that_show_a_glued_name_are_the_whole_word():
    [mention] = ground([Technology("Django", "Djangolla")], "Tein palvelun Djangolla.").mentions

    assert (mention.name, mention.evidence) == ("Django", "Djangolla")


def test_a_name_by_itself_comes_before_one_with_letters_glued_to_it():
    [mention] = ground([Technology("Django")], "Das Djangoprojekt. Nur Django.").mentions

    assert mention.position == len("Das Djangoprojekt. Nur ")


def test_the_parts_are_folded_and_stand_once():
    assert {"endings", "apart", "vowels", "familiar", "words"} == parts().keys()
    assert all(part == part.casefold() for section in parts().values() for part in section)


@pytest.mark.parametrize("word", ["Djangoxxxxxxx ", "用", "用Django", "飞书飞", "Djangi", "Djangolla "])
def test_the_work_grows_with_the_length_of_the_entry_and_not_faster(word):
    names = [Technology(name) for name in ("Redis", "Django Ninja", "Djangos Compose", "飞书飞书书")]
    short, long = word * (1_000 // len(word)), word * (2_000 // len(word))
    ground(names, long)

    assert steps(ground, names, long) <= 2.2 * steps(ground, names, short)
