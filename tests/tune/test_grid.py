"""Grid search visits every combination once, then stops."""

from __future__ import annotations

from trimtab.tune.search import search


def test_it_visits_every_combination_once_and_then_stops():
    space = {"rate": ("log", 1e-3, 1e-1), "size": ("choice", 1, 2)}
    trials = search(lambda _: (0.0, 0.0), space, "grid", 100, 10, 0)
    cells = [tuple(trial.parameters.values()) for trial in trials[1:]]
    assert len(cells) == len(set(cells)) == 6
    assert {round(rate, 6) for rate, _ in cells} == {0.001, 0.01, 0.1}
