"""The table from exceptions to what people and programs are told."""

import pytest
from werkzeug.exceptions import BadRequest, InternalServerError, ServiceUnavailable

import vision
from webapp import exceptions
from webapp.exceptions import (
    CommandError,
    ExplanationFailedError,
    GlanceFailedError,
    ListenError,
    NoAnswerError,
    SettingsError,
    UnknownResultError,
    WebappError,
)
from webapp.failures import FailureKind
from webapp.problem_rules import FAILURE_RULES, RULES
from webapp.problems import problem_of

# They end the program before there is a request to answer.
AT_START = {SettingsError, ListenError, CommandError}


def known(kind: type[Exception]) -> bool:
    return any(base in RULES for base in kind.__mro__)


def test_every_error_of_ours_is_in_the_table() -> None:
    """No error that can leave a view is an unexpected one."""
    kinds = {
        each
        for module in (exceptions, vision)
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, (WebappError, vision.PictureError))
    }
    leaves = {kind for kind in kinds if not kind.__subclasses__()} - AT_START

    by_failure = {NoAnswerError, ExplanationFailedError, GlanceFailedError}
    assert leaves - by_failure == {kind for kind in leaves if known(kind)}
    assert set(FAILURE_RULES) == set(FailureKind)


def test_every_rule_is_complete() -> None:
    """Each kind of error has a title and advice, and a status that is an error."""
    for rule in (*RULES.values(), *FAILURE_RULES.values()):
        assert 400 <= rule.status < 600
        assert rule.title
        assert rule.advice.endswith(".")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyError("x"), 500),
        (BadRequest(), 400),
        (InternalServerError(), 500),
        (ServiceUnavailable(), 500),
        (UnknownResultError(), 404),
    ],
)
def test_status_follows_the_error(error: Exception, status: int) -> None:
    """What nobody foresaw is our fault; what HTTP knows keeps its meaning."""
    problem = problem_of(error)

    assert problem.status == status
    assert problem.sentence.endswith(".")


def test_details_of_a_bug_are_not_told() -> None:
    """The sentence of an unexpected error is not the error's own."""
    assert "secret" not in str(problem_of(RuntimeError("secret")))
