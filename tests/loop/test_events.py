import json

import pytest

from trimtab.core.errors import ConfigError, SpecErrors
from trimtab.loop.events import JsonLines, Progress, tell_error, unexpected

RUN = [
    {"event": "stage_started", "stage": "train"},
    {"event": "fit_started", "stage": "train", "step": 0, "steps": 10},
    {"event": "batch_done", "stage": "train", "step": 1, "steps": 10},
    {"event": "epoch_done", "stage": "train", "epoch": 1.0, "valid_loss": 0.5},
    {"event": "fit_done", "stage": "train", "score": 0.9, "seconds": 2.0},
    {"event": "trial_done", "number": 0, "score": 0.9, "seconds": 2.0},
    {"event": "stage_done", "stage": "train", "seconds": 2.0, "fresh": True},
    {"event": "stage_started", "stage": "data"},
    {"event": "stage_done", "stage": "data", "seconds": 2.0, "fresh": False},
    {"event": "damaged", "folder": "store/test/1.damaged"},
    {"event": "touched", "stage": "test", "look": 1},
    {"event": "touched", "stage": "test", "look": 2},
    {"event": "released", "version": "abc", "action": "promote", "why": "the first", "fresh": True},
    {"event": "released", "version": "abc", "action": "promote", "why": "the first", "fresh": False},
]


def test_machines_get_each_event_as_a_line(capsys):
    with JsonLines() as tell:
        for event in RUN:
            tell(event)
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == RUN
    assert err == ""


def test_people_get_a_line_for_each_finished_stage(capsys):
    with Progress() as tell:
        for event in RUN:
            tell(event)
    out, err = capsys.readouterr()
    assert out == ""
    said = " ".join(err.split())  # as wide as a terminal: long lines are folded
    assert said == " ".join(
        [
            "train: epoch 1, valid_loss 0.5",
            "trial 0: score 0.9000",
            "train 2.0 s",
            "data found, nothing to do",
            "warning: a finished stage was changed, and is made again; it lies in store/test/1.damaged",
            "note: this is look 2 at these test rows; the first was the fair one",
            "promote abc: the first",
            "promote abc: the first (decided before)",
        ]
    )


def test_it_tells_each_of_several_errors(capsys):
    errors = [ConfigError(f"file:{line}", "wrong", "mend it") for line in (1, 2)]
    assert tell_error(SpecErrors(errors), as_json=True) == 2
    out, err = capsys.readouterr()
    assert err == "error: file:1: wrong; mend it\nerror: file:2: wrong; mend it\n"
    assert [json.loads(line)["place"] for line in out.splitlines()] == ["file:1", "file:2"]


def test_a_missing_package_is_no_defect():
    with pytest.raises(ModuleNotFoundError) as caught:
        import no_such_package  # noqa: F401
    error = unexpected(caught.value)
    assert error.exit_code == 3
    assert str(error).startswith("package 'no_such_package': is not installed; install what training needs")
