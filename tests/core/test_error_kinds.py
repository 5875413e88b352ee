import pytest

from trimtab.core import errors


def test_it_fits_one_line():
    error = errors.ConfigError("file:1", "a\nproblem", "do\tthis")
    assert str(error) == "file:1: a problem; do this"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.GateFailed, 1),
        (errors.ConfigError, 2),
        (errors.DataError, 2),
        (errors.EnvironmentFault, 3),
        (errors.BundleError, 3),
        (errors.Interrupted, 5),
    ],
)
def test_it_ends_with_the_exit_code_of_its_kind(kind, code):
    assert kind("place", "problem", "remedy").exit_code == code


def test_it_tells_all_mistakes_of_a_spec():
    one, two = (errors.ConfigError(f"file:{line}", "wrong", "mend it") for line in (1, 2))
    assert str(errors.SpecErrors([one, two])) == "file:1: wrong; mend it\nfile:2: wrong; mend it"


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("sise", "did you mean 'size'? available: latency, size"),
        ("colour", "available: latency, size"),
    ],
)
def test_it_suggests_only_what_is_close(word, text):
    assert errors.suggestion(word, ["size", "latency"]) == text
