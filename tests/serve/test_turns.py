"""Several services in turn, from one load generator."""

from __future__ import annotations

import pytest

from trimtab.core.errors import EnvironmentFault
from trimtab.serve.load import Plan, start_server, take_turns


def test_it_plays_the_plans_in_their_order_and_leaves_no_file(server, slow, texts, tmp_path):
    asked = tuple(texts)
    with start_server(slow.folder, threads=1) as other:
        plans = [
            Plan(server.rest_url, asked, concurrency=1, requests=20),
            Plan(other.rest_url, asked, concurrency=1, requests=10),
            Plan(server.rest_url, asked, concurrency=8, seconds=0.2),
        ]
        found = take_turns(plans, tmp_path)
    assert [len(each.replies) for each in found[:2]] == [20, 10]
    assert len(found[2].replies) > 8
    assert not any(each.errors or each.refused for each in found)
    assert [reply.text for reply in found[0].replies] == list(range(20))
    assert not any(tmp_path.iterdir())


def test_a_service_that_is_gone_is_counted_as_errors(texts):
    (found,) = take_turns([Plan("http://127.0.0.1:9", tuple(texts), concurrency=1, requests=3)])
    assert (found.errors, len(found.latencies_ms)) == (3, 0)


def test_a_plan_that_cannot_be_played_is_an_error_of_one_line(texts):
    with pytest.raises(EnvironmentFault, match="the load generator failed") as error:
        take_turns([Plan("http://127.0.0.1:9", tuple(texts), concurrency=1, requests=1, rate=0.0)])
    assert "\n" not in str(error.value)
