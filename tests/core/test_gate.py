from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.gate import CASCADE, ERROR, SAME_NETWORK, error_of, untested

candidates = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.booleans(), st.integers(0, 5)))


def test_its_shares_are_spent_either_before_the_branches_or_in_them():
    assert error_of(SAME_NETWORK) == ERROR
    assert abs(error_of(CASCADE) + error_of(CASCADE + 1) - ERROR) < 1e-12


@given(candidates)
def test_nothing_is_tested_after_a_failure_in_the_trained_network_itself(drawn):
    passed, distance = ({name: pair[at] for name, pair in drawn.items()} for at in (0, 1))
    kept_out = untested(passed, distance)
    same = sorted((name for name in passed if distance[name] <= SAME_NETWORK), key=lambda n: (distance[n], n))
    failed = next((name for name in same if not passed[name]), None)
    if failed is not None:
        after = set(passed) - set(same[: same.index(failed) + 1])
        assert kept_out == dict.fromkeys(after, failed)


@given(candidates)
def test_a_failed_cascade_ends_no_other_branch(drawn):
    passed, distance = ({name: pair[at] for name, pair in drawn.items()} for at in (0, 1))
    cascades = {name for name in passed if distance[name] == CASCADE}
    kept_out = untested(passed, distance)
    assert {name for name, failed in kept_out.items() if failed in cascades} <= cascades


def test_students_are_tested_in_the_order_of_their_distance():
    passed = {"shallow": False, "student": True, "cascade": True}
    assert untested(passed, {"shallow": 3, "student": 4, "cascade": 2}) == {"student": "shallow"}
