"""``make words`` notices: each of its figures is shown a fault, and a text without one passes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from words.docstrings import Finding, avoided_words, bad_beginnings, unnamed_errors
from words.prose import cells_of, reading_ease, sentences_of, syllables_of
from words.references import blocks_without_a_test, dead_links, unresolved_names
from words.rules import read_rules

RULES = read_rules()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Provide a small project: a Makefile, a source and a test."""
    (tmp_path / "Makefile").write_text("words: ready ## Check\n\ttrue\n", encoding="utf-8")
    for folder in ("firmware", "host", "sim", "hil", "docs", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tests/test_it.py").write_text("def test_it() -> None:\n    pass\n", encoding="utf-8")
    return tmp_path


def said(findings: Iterable[Finding]) -> list[str]:
    return [finding.text for finding in findings]


def source(repository: Path, text: str) -> Path:
    (repository / "host/module.py").write_text(text, encoding="utf-8")
    return repository


def document(repository: Path, text: str) -> Path:
    path = repository / "docs/page.md"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("docstring", "is_bad"),
    [
        ("Return the rate.", False),
        ("What the pump gives.", True),
        ("Whether it delivers.", True),
        ("Of the pump.", True),
        ("The rate at a tick.", True),
    ],
)
def test_a_docstring_of_a_function_begins_with_a_verb(repository: Path, docstring: str, is_bad: bool) -> None:
    source(repository, f'def rate():\n    """{docstring}"""\n')
    assert bool(said(bad_beginnings(repository, RULES))) == is_bad


@pytest.mark.parametrize(
    "text", ['class Pump:\n    """What it holds."""\n', '"""Which pumps there are."""\n']
)
def test_a_class_and_a_module_begin_with_their_subject(repository: Path, text: str) -> None:
    source(repository, text)
    assert said(bad_beginnings(repository, RULES))


def test_a_docstring_of_a_class_may_begin_with_its_subject_and_a_test_is_a_sentence(repository: Path) -> None:
    source(repository, 'class Pump:\n    """A pump."""\n\ndef test_it():\n    """The pump stops."""\n')
    assert not said(bad_beginnings(repository, RULES))


@pytest.mark.parametrize(
    "words", ["the log tells it", "delivery goes on", "dates are reckoned", "none is had"]
)
def test_a_word_of_the_list_is_noticed_in_docstrings(repository: Path, words: str) -> None:
    source(repository, f'"""A module: {words}."""\n')
    assert said(avoided_words(repository, RULES))


@pytest.mark.parametrize("words", ["a bolus on demand", "what goes on a board", "the measure `rate told`"])
def test_other_words_and_names_are_left_alone(repository: Path, words: str) -> None:
    source(repository, f'"""A module: {words}."""\n')
    assert not said(avoided_words(repository, RULES))


def test_an_error_that_a_public_function_raises_is_named(repository: Path) -> None:
    body = '    raise ValueError("no")\n'
    source(repository, f'def take():\n    """Take it."""\n{body}')
    assert said(unnamed_errors(repository)) == ["raises ValueError unnamed"]
    source(repository, f'def take():\n    """Take it; raise ValueError for none."""\n{body}')
    assert not said(unnamed_errors(repository))
    source(repository, f"def _take():\n{body}")
    assert not said(unnamed_errors(repository))
    caught = "    try:\n        raise ValueError\n    except ValueError:\n        pass\n"
    source(repository, f"def take():\n{caught}")
    assert not said(unnamed_errors(repository))


def test_sentences_are_those_of_the_prose_alone() -> None:
    text = """# A heading of words

One sentence. Another one: it has a colon. `name.of_it` begins this one.

| a | table with many words |
| --- | --- |

```sh
thecal log
```

- An item
  on two lines.
- Another item.
"""
    found = [sentence.text for sentence in sentences_of(text)]
    assert found[:2] == ["One sentence.", "Another one: it has a colon."]
    assert found[3:] == ["An item on two lines.", "Another item."]
    assert len(found) == 5
    assert [sentence.words for sentence in sentences_of(text)][3:] == [5, 2]


def test_the_words_of_tables_are_looked_at_and_names_are_not() -> None:
    text = "| finding | `test_what_is_told` |\n| --- | --- |\n| it is told | [a link](b.md) |\n"
    assert list(cells_of(text)) == [(1, "finding"), (3, "it is told"), (3, "a link")]


@pytest.mark.parametrize(
    ("word", "syllables"),
    [("pump", 1), ("delivers", 3), ("rate", 1), ("table", 2), ("volume", 2), ("1,000", 2)],
)
def test_syllables_are_counted(word: str, syllables: int) -> None:
    assert syllables_of(word) == syllables


def test_long_words_and_sentences_read_less_easily() -> None:
    easy = list(sentences_of("The pump stops. It is wet."))
    hard = list(
        sentences_of("Intrathecal administration necessitates considerable professional responsibility.")
    )
    assert reading_ease(easy) > 90 > 0 > reading_ease(hard)


def test_a_link_leads_to_a_file_and_to_a_heading_of_it(repository: Path) -> None:
    (repository / "docs/other.md").write_text("# Title\n\n## What `it` is\n", encoding="utf-8")
    good = document(repository, "[a](other.md) [b](other.md#what-it-is) [c](https://example.org)")
    assert not said(dead_links(good, repository))
    bad = document(repository, "[a](none.md) [b](other.md#what-is-it)")
    assert said(dead_links(bad, repository)) == [
        "leads to none.md, which is not there",
        "leads to other.md#what-is-it, which has no such heading",
    ]


def test_a_name_of_a_file_a_test_or_a_target_is_one_that_there_is(repository: Path) -> None:
    good = document(repository, "`tests/test_it.py::test_it`, `make words`, `tests/*.py`")
    assert not said(unresolved_names(good, repository))
    bad = document(repository, "`tests/test_that.py`, `tests/test_it.py::test_that`, `make wards`")
    assert said(unresolved_names(bad, repository)) == [
        "names tests/test_that.py, which is not there",
        "names test_that, which tests/test_it.py does not define",
        "names make wards, which is no target",
    ]


def test_a_block_of_code_names_its_test_or_the_hardware_that_it_needs(repository: Path) -> None:
    for above in ("<!-- run by tests/test_it.py::test_it -->", "<!-- needs hardware: a Pico -->"):
        assert not said(blocks_without_a_test(document(repository, f"{above}\n```sh\nls\n```\n"), repository))
    assert not said(blocks_without_a_test(document(repository, "```text\na picture\n```\n"), repository))
    for above in ("", "<!-- run by tests/test_it.py::test_that -->\n", "<!-- needs hardware -->\n"):
        assert said(blocks_without_a_test(document(repository, f"{above}```sh\nls\n```\n"), repository))
