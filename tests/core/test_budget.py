from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.budget import choose, least_drop, pareto, used
from trimtab.core.measure import Paired
from trimtab.core.objects import Candidate, Measurement
from trimtab.core.spec import BudgetSpec

MEASURED = Measurement(0.93, 0.92, 0.94, 4.0, 10.0, 9.0, 11.0, 100.0, 20_000_000, 1000, 600, 2, "cpu")


def candidate(name, **figures):
    return Candidate(name, Path(name), "onnxrt", measured=replace(MEASURED, **figures))


def drop(high):
    return Paired(high - 0.002, high - 0.004, high, 1.0, 0, 0, 1000)


@st.composite
def candidates(draw):
    made, drops = [], {}
    for number in range(draw(st.integers(1, 6))):
        p99 = draw(st.floats(1, 50))
        figures = {
            "accuracy": draw(st.floats(0.5, 1)),
            "p99_ms": p99,
            "p99_high_ms": p99 * draw(st.floats(1, 2)),
            "throughput": draw(st.floats(1, 1000)),
            "size_bytes": draw(st.integers(1, 10**8)),
        }
        made.append(candidate(f"model{number}", **figures))
        drops[f"model{number}"] = drop(draw(st.floats(-0.02, 0.02)))
    return [replace(one, distance=draw(st.integers(0, 4))) for one in made], drops


budgets = st.builds(
    BudgetSpec,
    accuracy_drop=st.none() | st.floats(0.001, 0.03),
    latency_p99=st.none() | st.floats(1, 60).map(lambda ms: f"{ms:.3f}ms"),
    size=st.none() | st.integers(1, 10**8).map(lambda size: f"{size}B"),
)


@given(candidates(), budgets)
def test_its_winner_keeps_every_budget_and_no_faster_one_does(made, budget):
    verdict = choose(*made, budget)
    fits = {one.name for one in made[0] if not verdict.excesses(one.name)}
    assert all(
        use.used <= 1 for one in made[0] if one.name in fits for use in used(one, made[1][one.name], budget)
    )
    if verdict.winner is None:
        assert not fits
        assert verdict.binding is not None
    else:
        fastest = max(one.measured.throughput for one in made[0] if one.name in fits)
        assert verdict.winner in fits
        assert next(one for one in made[0] if one.name == verdict.winner).measured.throughput == fastest


@given(candidates(), budgets)
def test_it_accepts_none_after_one_that_failed_the_accuracy_gate(made, budget):
    verdict = choose(*made, budget)
    cheap = [
        one
        for one in made[0]
        if all(use.used <= 1 or use.budget == "accuracy_drop" for use in used(one, made[1][one.name], budget))
    ]
    same = sorted((one for one in cheap if one.distance <= 1), key=lambda one: (one.distance, one.name))
    students = sorted((one for one in cheap if one.distance > 2), key=lambda one: (one.distance, one.name))
    for sequence in ([*same, *students], *([*same, one] for one in cheap if one.distance == 2)):
        passed = [not verdict.excesses(one.name) for one in sequence]
        assert passed == sorted(passed, reverse=True)


@given(candidates(), budgets)
def test_it_lists_the_nearest_points_first(made, budget):
    verdict = choose(*made, budget)
    worst = {name: max((use.used for use in uses), default=0) for name, uses in verdict.uses.items()}
    assert [worst[name] for name in verdict.nearest] == sorted(worst.values())


@given(candidates(), budgets, st.permutations(range(6)))
def test_it_does_not_depend_on_the_order(made, budget, order):
    shuffled = [made[0][at] for at in order if at < len(made[0])]
    speeds = {one.measured.throughput for one in made[0]}
    if len(speeds) == len(made[0]):
        assert choose(shuffled, made[1], budget).winner == choose(*made, budget).winner


@given(candidates())
def test_its_front_holds_the_best_of_every_figure(made):
    front, points = pareto(made[0]), {one.name: one.measured for one in made[0]}
    assert front
    for best in (
        max(point.accuracy for point in points.values()),
        min(point.p99_ms for point in points.values()),
    ):
        assert any(best in (points[name].accuracy, points[name].p99_ms) for name in front)


def test_nothing_binds_when_no_budget_is_stated():
    two = [candidate("a"), candidate("b", throughput=200.0)]
    verdict = choose(two, {"a": drop(1), "b": drop(1)}, BudgetSpec())
    assert (verdict.winner, verdict.binding) == ("b", None)


@pytest.mark.parametrize(
    ("budget", "binding", "text"),
    [
        (
            {"accuracy_drop": "0.5pt"},
            "accuracy_drop",
            "accuracy drop is at most 0.80 % (98.3 % bound), the budget allows 0.50 %",
        ),
        (
            {"latency_p99": "10.5ms"},
            "latency_p99",
            "p99 is 10 ms, at most 11 ms (95 % bound), the budget allows 10.5 ms",
        ),
        ({"size": "10MB"}, "size", "size is 20.0 MB, the budget allows 10.0 MB"),
    ],
)
def test_it_says_which_budget_binds_and_by_how_much(budget, binding, text):
    verdict = choose([candidate("a")], {"a": drop(0.008)}, BudgetSpec.model_validate(budget))
    assert (verdict.winner, verdict.binding, verdict.nearest) == (None, binding, ("a",))
    assert [excess.text for excess in verdict.excesses("a")] == [text]


def test_it_refuses_to_judge_what_was_not_measured():
    with pytest.raises(ValueError, match="candidate 'a' was not measured"):
        choose([replace(candidate("a"), measured=None)], {"a": drop(0)}, BudgetSpec(size="1MB"))


def test_more_rows_can_show_a_smaller_drop():
    shown = [least_drop(rows) for rows in (10, 100, 1000, 10_000)]
    assert shown == sorted(shown, reverse=True)
    assert least_drop(1000) < 0.005


def test_it_says_why_a_lucky_candidate_was_not_tested():
    speeds = {"near": 100.0, "far": 900.0, "lucky": 5000.0}
    three = [
        replace(candidate(name, throughput=speed), distance=at)
        for at, (name, speed) in enumerate(speeds.items())
    ]
    drops = {"near": drop(0.004), "far": drop(0.02), "lucky": drop(0.001)}
    verdict = choose(three, drops, BudgetSpec(accuracy_drop="1pt"))
    assert verdict.winner == "near"
    (excess,) = verdict.excesses("lucky")
    assert excess.text == "not tested: far, nearer to the trained network, failed"
