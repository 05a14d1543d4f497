"""The user's own labels: what a spreadsheet may look like, what is wrong with one, and what is labelled."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.tree import Issue, Stream
from harvesters.enrich.labels import account_labels, label_step
from harvesters.enrich.lookup import Lookup, key_of, read_lookup
from tests.geoip import call, person

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """room;person;account;school;class
room-1;;;Linden School;7b
;ann@example.com;;;teacher
;u-7;;Oak School;
;;acc-1;District 4;
"""
LABELS = {
    "room": {"room-1": {"school": "Linden School", "class": "7b"}},
    "person": {"ann@example.com": {"class": "teacher"}, "u-7": {"school": "Oak School"}},
    "account": {"acc-1": {"school": "District 4"}},
}


def told(tmp_path: Path, content: str | bytes) -> tuple[Lookup | None, list[str]]:
    """What a file says, and what is wrong with it from its line on."""
    path, problems = tmp_path / "labels.csv", list[str]()
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = read_lookup(path, problems)
    assert all(problem.startswith(f"LOOKUP_FILE {path}") for problem in problems)
    return found, [problem.removeprefix(f"LOOKUP_FILE {path} ") for problem in problems]


def lookup(tmp_path: Path, content: str = TABLE) -> Lookup:
    found, problems = told(tmp_path, content)
    assert problems == []
    assert found
    return found


# -- what a table may look like ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        TABLE.replace(";", ","),
        TABLE.replace("\n", "\r\n"),
        "\ufeff" + TABLE,
        TABLE.removesuffix("\n"),
        TABLE.replace("room;person;account", "Room; PERSON ;Account"),
        TABLE.replace("room-1;", '"room-1" ; ').replace('"room-1" ;', "room-1  ;"),
        TABLE.replace("ann@example.com", " Ann@Example.com "),
        TABLE.replace("Linden School", '"Linden School"'),
        TABLE + "\n;;;;\n\n",
        TABLE.replace("\n", ";;\n"),
    ],
    ids=[
        "semicolons", "commas", "windows", "bom", "no end", "capitals", "blanks", "case of mail", "quotes",
        "empty lines", "empty columns",
    ],
)  # fmt: skip
def test_a_table_as_spreadsheets_write_it(tmp_path: Path, content: str) -> None:
    found = lookup(tmp_path, content)

    assert found.labels == LABELS
    assert found.digest == hashlib.sha256(content.encode()).hexdigest()


def test_one_column_of_keys_is_enough(tmp_path: Path) -> None:
    assert lookup(tmp_path, "class,room\n7b,r1\n7c,r2\n").labels == {
        "room": {"r1": {"class": "7b"}, "r2": {"class": "7c"}}
    }


def test_separators_line_ends_and_quotes_may_stand_in_a_label(tmp_path: Path) -> None:
    content = 'room,school,note\nr1,"Linden, Berlin","two\nlines, and ""quotes"""\nr2,Oak;School,ü\n'

    assert lookup(tmp_path, content).labels["room"] == {
        "r1": {"school": "Linden, Berlin", "note": 'two\nlines, and "quotes"'},
        "r2": {"school": "Oak;School", "note": "ü"},
    }


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("828 2796 2364", "82827962364"),
        ("828\u00a02796\u00a02364", "82827962364"),
        (" 82827962364 ", "82827962364"),
        ("Ann@Example.COM", "ann@example.com"),
        ("Physics 7 b", "Physics 7 b"),
        ("gm8s9L+PTEC+FG3sFbd1Cw==", "gm8s9L+PTEC+FG3sFbd1Cw=="),
    ],
)
def test_keys_are_compared_as_people_mean_them(written: str, sent: str) -> None:
    assert key_of(written) == key_of(sent)


@pytest.mark.parametrize(("one", "other"), [("Room", "room"), ("a b", "ab"), ("7 b", "7b")])
def test_other_keys_are_not_taken_for_the_same(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


def test_thousands_of_lines(tmp_path: Path) -> None:
    lines = [f"room-{number};School {number % 40}" for number in range(20_000)]
    found = lookup(tmp_path, "\n".join(["room;school", *lines]))

    assert len(found.labels["room"]) == 20_000
    assert found.of("room", "room-19999") == {"school": "School 39"}


# -- what may be wrong ------------------------------------------------------------------------------------

EMPTY = "is empty: the first line names the columns, such as room;school."
NO_UTF8 = "is no UTF-8 text: save the table as 'CSV UTF-8'."


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        ("", [f"line 1 {EMPTY}"]),
        ("\ufeff\n", [f"line 1 {EMPTY}"]),
        (
            "school;class\na;b\n",
            ["line 1 has no column called room, person or account, so that nothing can be matched."],
        ),
        (
            "room;person\nr1;\n",
            ["line 1 has no column of labels: each one beside room, person and account is a label."],
        ),
        ("room;school;school\nr1;a;b\n", ["line 1 has two columns called 'school': keep one."]),
        ("room;Room;school\nr1;;b\n", ["line 1 has two columns called 'room': keep one."]),
        ("room;a.b\nr1;c\n", ["line 1 has a column 'a.b': a label's name has no dot and up to 64 characters."]),
        ("room;a\x07b\nr1;c\n", ["line 1 has a column 'a\x07b': a label's name has no dot and up to 64 characters."]),
        (
            f"room;{'n' * 65}\nr1;c\n",
            [f"line 1 has a column '{'n' * 64}': a label's name has no dot and up to 64 characters."],
        ),
        ("room;;school\nr1;;a\nr2;x;b\n", ["line 3 has text in column 2, which has no name in the first line."]),
        ("room;school\nr1;a;b\n", ["line 2 has text in column 3, which has no name in the first line."]),
        (
            "room;person;school\nr1;;a\n;;b\n",
            ["line 3 has labels, but names no room, person or account that they belong to."],
        ),
        ("room;person;school\nr1;p1;a\n", ["line 2 names room and person: write a line for each."]),
        (
            'room;school\nr1;"two\nlines"\nr2;b\nr1;c\n',
            ["line 5 names the same room as line 2: keep one of them."],
        ),
        (
            "person;school\nAnn@example.com;a\n\nann@EXAMPLE.com;b\n",
            ["line 4 names the same person as line 2: keep one of them."],
        ),
        ("room;school\nr1;Sch\u00fcle\n".encode("cp1252"), [f"line 2 {NO_UTF8}"]),
        ("room;school\n".encode("utf-16"), [f"line 1 {NO_UTF8}"]),
        (
            'room;school\nr1;"a\nr2;b\n',
            ["line 3 is no line of a table (unexpected end of data): save the table as CSV."],
        ),
        (
            "a.b;;c\nx;y;z\n",
            [
                "line 1 has a column 'a.b': a label's name has no dot and up to 64 characters.",
                "line 1 has no column called room, person or account, so that nothing can be matched.",
                "line 2 has text in column 2, which has no name in the first line.",
            ],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line_all_at_once(
    tmp_path: Path, content: str | bytes, problems: list[str]
) -> None:
    assert told(tmp_path, content) == (None, problems)


def test_of_very_many_problems_some_are_said_and_the_rest_counted(tmp_path: Path) -> None:
    _, problems = told(tmp_path, "room;school\n" + ";lost\n" * 1000)
    assert len(problems) == 21
    assert problems[-1].endswith(": and 980 more problems of this kind.")


def test_a_sentence_does_not_tell_of_a_person(tmp_path: Path) -> None:
    _, problems = told(tmp_path, "person;class\nann@example.com;7b\nann@example.com;7c\n")
    assert "ann" not in "".join(problems)


def test_no_file_is_no_label() -> None:
    problems: list[str] = []
    assert read_lookup(None, problems) is None
    assert problems == []


@given(st.binary(max_size=200) | st.text('room,;"\n\rab', max_size=80).map(str.encode))
def test_whatever_a_file_holds_is_read_or_said(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    found, problems = told(tmp_path_factory.mktemp("any"), content)
    assert (found is None) == bool(problems)


# -- what is labelled -------------------------------------------------------------------------------------


def test_the_person_s_label_holds_then_the_room_s_then_the_account_s(tmp_path: Path) -> None:
    ann, ben, cleo = (
        person("a", user__email="ANN@example.com"),
        person("b", user__id="u-7"),
        person("c", user__id="u-8"),
    )
    tree = call(ann, ben, cleo)
    label_step(lookup(tmp_path), "acc-1")(tree)

    assert tree.conference
    assert tree.conference.fields["labels"] == {"school": "Linden School", "class": "7b"}
    assert ann.fields["labels"] == {"school": "Linden School", "class": "teacher"}
    assert ben.fields["labels"] == {"school": "Oak School", "class": "7b"}
    assert "labels" not in cleo.fields, "the encoder repeats the conference's"


def test_a_person_goes_by_both_id_and_mail_and_the_id_holds(tmp_path: Path) -> None:
    content = "person;school;class\nann@example.com;Linden;7b\nu-7;Oak;\n"
    ann = person("a", user__email="ann@example.com", user__id="u-7")
    label_step(lookup(tmp_path, content), "acc-1")(call(ann))

    assert ann.fields["labels"] == {"school": "Oak", "class": "7b"}


def test_a_room_goes_by_its_own_id_and_the_conference_s_which_holds(tmp_path: Path) -> None:
    tree = call()
    label_step(lookup(tmp_path, "room;class;school\nroom-1;7b;Linden\ncall-1;7c;\n"), "acc-1")(tree)

    assert tree.conference
    assert tree.conference.fields["labels"] == {"class": "7c", "school": "Linden"}


def test_who_is_known_to_a_stream_or_an_issue_alone_is_labelled_there(tmp_path: Path) -> None:
    streams = [
        Stream(person("s1", user__email="ann@example.com"), None, None, ()),
        Stream(person("s2"), None, None, ()),
    ]
    tree = call(streams=streams)
    label_step(lookup(tmp_path), "acc-2")(tree)
    # Issues are known once the streams were walked.
    tree.issues.append(Issue(person("i", user__id="u-7")))
    first, second = tree.streams

    assert first.entity.fields["labels"] == {"school": "Linden School", "class": "teacher"}
    assert "labels" not in second.entity.fields
    assert tree.issues[0].entity.fields["labels"] == {"school": "Oak School", "class": "7b"}


def test_an_account_s_labels_are_on_what_belongs_to_no_conference(tmp_path: Path) -> None:
    tree = call(person("a", user__id="u-8"))
    tree.conference = None
    label_step(lookup(tmp_path), "acc-1")(tree)

    assert tree.participants["a"].fields == {"user.id": "u-8"}
    assert account_labels(lookup(tmp_path), "acc-1") == {"school": "District 4"}
    assert account_labels(lookup(tmp_path), "acc-2") == {}


@given(st.none() | st.integers() | st.text(st.characters(), max_size=20) | st.lists(st.text(max_size=3), max_size=2))
def test_no_key_raises(key: object) -> None:
    tree = call(person("a", user__id=key, user__email=key))
    assert tree.conference
    tree.conference.fields["vconf.conference.parent_id"] = key
    label_step(Lookup("", LABELS), "acc-1")(tree)
    assert tree.conference.fields["labels"] == {"school": "District 4"}
