from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.budget import choose, least_drop, pareto, used
from trimtab.core.measure import Paired
from trimtab.core.objects import Candidate, Measurement
from trimtab.core.spec import BudgetSpec

MEASURED = Measurement(
    accuracy=0.93, accuracy_low=0.92, accuracy_high=0.94,
    p50_ms=4.0, p99_ms=10.0, p99_low_ms=9.0, p99_high_ms=11.0,
    throughput=100.0, throughput_low=95.0, throughput_high=105.0, size_bytes=20_000_000,
    rows=1000, samples=2000, rounds=10, threads=2, cpu="cpu",
)  # fmt: skip


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
            "throughput": (speed := draw(st.floats(1, 1000))),
            "throughput_low": speed * draw(st.floats(0.5, 1)),
            "throughput_high": speed * draw(st.floats(1, 2)),
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
def test_its_winner_keeps_every_budget_and_is_the_best_of_those_that_may_be_fastest(made, budget):
    verdict = choose(*made, budget)
    fits = {one.name for one in made[0] if not verdict.excesses(one.name)}
    assert all(
        use.used <= 1 for one in made[0] if one.name in fits for use in used(one, made[1][one.name], budget)
    )
    if verdict.winner is None:
        assert not fits
        assert verdict.binding is not None
    else:
        seen = {one.name: one.measured for one in made[0] if one.name in fits}
        fastest = max(seen.values(), key=lambda one: one.throughput)
        winner, tied = seen[verdict.winner], [seen[name] for name in verdict.tied]
        assert winner.throughput_high >= fastest.throughput_low
        assert fastest in (winner, *tied)
        assert all(one.throughput_high >= fastest.throughput_low for one in tied)
        assert all((-winner.accuracy, winner.size_bytes) <= (-one.accuracy, one.size_bytes) for one in tied)


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
    two = [candidate("a"), candidate("b", throughput=200.0, throughput_low=190.0, throughput_high=210.0)]
    verdict = choose(two, {"a": drop(1), "b": drop(1)}, BudgetSpec())
    assert (verdict.winner, verdict.binding, verdict.tied) == ("b", None, ())


@pytest.mark.parametrize(
    ("figures", "winner", "tied"),
    [
        ({"throughput": 104.0, "throughput_low": 101.0, "size_bytes": 30_000_000}, "a", ("b",)),
        ({"throughput": 104.0, "throughput_low": 101.0, "accuracy": 0.94}, "b", ("a",)),
        ({"throughput": 99.0, "throughput_low": 98.0, "size_bytes": 10}, "b", ("a",)),
        ({"throughput": 120.0, "throughput_low": 110.0, "accuracy": 0.5}, "b", ()),
    ],
)
def test_of_equally_fast_ones_it_takes_the_more_accurate_then_the_smaller(figures, winner, tied):
    two = [candidate("a"), candidate("b", throughput_high=130.0, **figures)]
    verdict = choose(two, {"a": drop(0), "b": drop(0)}, BudgetSpec(size="1GB"))
    assert (verdict.winner, verdict.tied) == (winner, tied)


@pytest.mark.parametrize(
    ("budget", "binding", "text"),
    [
        (
            {"accuracy_drop": "0.5pt"},
            "accuracy_drop",
            "accuracy drop is at most 0.80 % (99 % bound), the budget allows 0.50 %",
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
        replace(candidate(name, throughput=speed, throughput_low=speed, throughput_high=speed), distance=at)
        for at, (name, speed) in enumerate(speeds.items())
    ]
    drops = {"near": drop(0.004), "far": drop(0.02), "lucky": drop(0.001)}
    verdict = choose(three, drops, BudgetSpec(accuracy_drop="1pt"))
    assert verdict.winner == "near"
    (excess,) = verdict.excesses("lucky")
    assert excess.text == "not tested: far, nearer to the trained network, failed"
