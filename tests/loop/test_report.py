"""The report: one file, whole without a network, safe whatever the users wrote."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import NotRequired, get_origin, get_type_hints

import pytest

from loop.pages import FLAGS, Page
from loop.sample_record import HOSTILE, infeasible_record, minimal_record, sample_record
from trimtab.loop.record import Record
from trimtab.loop.report import render
from until import HANGS

SECTIONS = ("candidates", "stages", "data", "features", "training", "errors", "latency", "repeat")
OPTIONAL = sorted(
    name
    for name, hint in get_type_hints(Record, include_extras=True).items()
    if get_origin(hint) is NotRequired
)


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(sample_record()))


def test_it_begins_with_the_verdict_and_the_binding_budget(page):
    assert "cascade meets the budget" in page.text
    assert page.text.index("Size binding 97 %") < page.text.index("Candidates")


@pytest.mark.parametrize("record", [sample_record, infeasible_record, minimal_record])
def test_no_line_breaks_between_a_figure_and_its_unit(record):
    words = " ".join(Page(render(record())).words)  # `text` has plain blanks
    assert re.findall(r"\d (?:%|(?:ms|MB|kB|pt)\b)", words) == []


def test_it_has_every_section_in_order(page):
    found = [named["id"] for tag, named in page.elements if tag == "section"]
    assert found == list(SECTIONS)


def test_it_asks_the_network_for_nothing(page):
    for tag, named in page.elements:
        for key in ("src", "href", "action", "data"):
            assert (named.get(key) or "#").startswith(("#", "data:")), (tag, named)
    policy = next(named["content"] for _, named in page.elements if named.get("http-equiv"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy


def test_it_is_a_file_of_a_reasonable_size():
    assert len(render(sample_record()).encode()) < 2_000_000


def test_texts_of_users_stay_texts(page):
    html = render(sample_record())
    assert HOSTILE not in html
    assert HOSTILE in page.text
    assert html.count("<script") == len(page.data) + 4  # three libraries and the page's own


def test_a_hostile_label_stays_a_label_in_pictures():
    record = sample_record()
    record["confusion"]["pairs"][0]["truth"] = "</script><script>alert(1)</script>"
    html = render(record)
    assert "</script><script>alert" not in html
    assert "</script><script>alert(1)</script>" in Page(html).text


def test_every_picture_is_a_valid_specification_with_words_beside_it(page):
    names = {
        "pareto",
        "reasons",
        "missing",
        "labels",
        "lengths",
        "selection-2",
        "curve-valid_loss",
        "curve-valid_accuracy",
        "trials",
        "confusion",
        "latencies",
    }
    assert set(page.data) == {f"{name}-picture" for name in names}
    for spec in page.data.values():
        assert json.loads(spec)["$schema"].endswith("vega-lite/v6.4.1.json")
    spoken = {named["id"]: named["aria-label"] for _, named in page.elements if named.get("role") == "img"}
    assert set(spoken) == set(page.data)
    assert all(spoken.values())


def test_the_budget_box_ends_at_the_budget(page):
    layers = json.loads(page.data["pareto-picture"])["layer"]
    box = layers[0]["data"]["values"][0]
    assert (box["right"], box["top"]) == (15.0, 0.5)


def test_every_candidate_is_in_the_table_with_its_standing(page):
    for one in sample_record()["candidates"]:
        assert one["name"] in page.text
    assert "over: latency p99 105 %" in page.text
    assert "onnx-int4 parity: 41.20 % of the answers agree" in page.text


def test_the_uncompressed_model_is_neither_within_nor_over_a_budget():
    record = sample_record()
    model = record["candidates"][0] | {"name": "torch-fp32", "source": None, "uses": []}
    page = Page(render(record | {"candidates": [model, *record["candidates"]]}))
    (points,) = (layer["data"] for layer in json.loads(page.data["pareto-picture"])["layer"][-1:])
    assert {row["name"]: row["standing"] for row in points["values"]}["torch-fp32"] == "uncompressed"
    assert "uncompressed" in page.text.partition("torch-fp32")[2].partition("onnx-fp32")[0]


def test_leakage_is_counted_by_parts_with_its_pairs(page):
    assert "train and test 4 17" in page.text
    assert f"train and test Where is my card? {HOSTILE} 0.91 yes" in page.text


def test_clusters_and_their_conflicting_labels_are_shown(page):
    assert "Clusters of copies" in page.text
    assert "1 of 1 clusters whose rows have different labels" in page.text
    assert "near_ duplicates 3 17 290, 4411" in page.text
    assert "1 of 60 other clusters, the largest first" in page.text
    assert "near_ duplicates 9 33 31, 32, 34, 35, 36, 37 and 2 more top_up_failed (9)" in page.text


def test_what_a_step_tells_of_itself_is_shown(page):
    assert "ranked: 2 rows" in page.text
    assert "0.0313" in page.text


def test_augmentation_says_what_became_of_every_copy(page):
    assert "17,200 rows were added to train." in page.text
    assert "too far from the source" in page.text


def test_features_that_no_family_reads_are_named_with_their_folder(page):
    assert "lie in the stage's folder .trimtab/store/features/91ab0c ; they are no part" in page.text
    assert "tokens tokens \u2013 the model families" in page.text
    assert "tfidf tfidf 9,428 no family: kept for use outside" in page.text
    record = sample_record()
    record["data"]["features"] = record["data"]["features"][:1]
    assert "features" not in Page(render(record)).ids()


def test_a_selection_is_drawn_with_its_stability(page):
    assert "It keeps 1 of 9,428 features; stability 0.81 [0.74, 0.88]." in page.text
    assert f"{HOSTILE} 0.33 20.00 %" in page.text
    (layers,) = [json.loads(page.data["selection-2-picture"])["layer"]]
    assert len(layers) == 2


def test_the_stage_table_says_gain_and_cost(page):
    assert "93.25 % −0.13 pt 10.4 ms 1.51× faster 23.4 MB 3.9× smaller" in page.text  # noqa: RUF001


def test_the_test_rows_are_reported_with_interval_and_test(page):
    said = "93.35 %, the teacher 93.38 %; a drop of 0.03 pt (90 % interval −0.31 pt to 0.38 pt"  # noqa: RUF001
    assert said in page.text


def test_it_says_which_look_at_the_test_rows_it_was():
    record = sample_record()
    assert "On the test rows, touched once: 93.35 %" in Page(render(record)).text
    record["test_look"] = 3
    said = "On the test rows, look 3 at them: 93.35 %"
    again = "Choices made since the first look may have followed it: take these figures as favourable."
    text = Page(render(record)).text
    assert said in text
    assert again in text
    record["test"] = None
    assert f"On the test rows, look 3 at them: {again}" in Page(render(record)).text


def test_an_impossible_budget_is_said_first_with_the_nearest_candidate():
    text = Page(render(infeasible_record())).text
    assert "No candidate meets the budget; student-int8 is nearest" in text
    assert "Size binding 120 %" in text


def test_what_is_absent_leaves_no_section():
    page = Page(render(minimal_record()))
    assert page.ids() & set(SECTIONS) == {"candidates", "repeat"}
    assert page.data == {}


@pytest.mark.parametrize("part", OPTIONAL, ids=lambda part: f"without {part}")
def test_each_optional_part_may_be_missing(part):
    record = {key: value for key, value in sample_record().items() if key != part}
    assert "cascade meets the budget" in Page(render(record)).text


def test_a_single_trial_is_a_table_without_a_picture():
    record = sample_record()
    record["trials"] = record["trials"][:1]
    page = Page(render(record))
    assert "Settings" in page.text
    assert "trials-picture" not in page.data


def test_an_infinite_use_of_a_budget_is_over():
    record = infeasible_record()
    record["candidates"][3]["uses"][0]["used"] = float("inf")
    assert "Accuracy drop over" in Page(render(record)).text


def test_more_dropped_rows_than_fit_point_to_the_folder_of_them_all():
    record = sample_record()
    record["dropped"] = record["dropped"] * 5
    page = Page(render(record))
    assert "500 of 645 stand here; all of them lie in .trimtab/store/data/7cfae2fea8ec/dropped." in page.text
    assert len(re.findall("similarity 0.93 to row|same as row", page.text)) == 500


def test_the_same_record_gives_the_same_file():
    assert render(sample_record()) == render(json.loads(json.dumps(sample_record())))


def test_importing_the_report_loads_no_altair():
    code = "import sys, trimtab.loop.report; print('altair' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
@pytest.mark.parametrize("record", [sample_record, infeasible_record], ids=["met", "infeasible"])
def test_a_browser_without_a_network_draws_every_picture(record, tmp_path):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no chromium on this machine: install it to see the pictures drawn")
    file = tmp_path / "report.html"
    file.write_text(render(record()), encoding="utf-8")
    done = subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=True,
    )
    drawn = Page(done.stdout)
    assert ("html", {"lang": "en", "data-pictures": "drawn"}) in drawn.elements
    assert sum(tag == "svg" for tag, _ in drawn.elements) == len(drawn.data) == 11
    assert "CONSOLE" not in done.stderr
    assert "taken over" not in re.findall("<title>(.*?)</title>", done.stdout)[0]
