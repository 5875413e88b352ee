import gzip
import sys

import pytest

from trimtab.core.errors import DataError, SpecErrors
from trimtab.loop.plan import plan


def errors_of(*overrides):
    with pytest.raises(SpecErrors) as caught:
        plan("trimtab.yaml", overrides)
    return str(caught.value).splitlines()


def test_it_says_where_each_option_came_from(project, monkeypatch):
    monkeypatch.setenv("TRIMTAB_SEED", "3")
    found = {one.option: (one.value, one.origin) for one in plan("trimtab.yaml", ["tune.trials=4"]).options}
    assert found["data.train"] == ("train.csv", "trimtab.yaml:3")
    assert found["tune.trials"] == (4, "--set tune.trials")
    assert found["seed"] == (3, "TRIMTAB_SEED")
    assert found["tune.time"] == ("20m", "default")


def test_it_starts_nothing(project):
    before = sorted(project.rglob("*"))
    plan("trimtab.yaml")
    assert sorted(project.rglob("*")) == before


def test_its_estimate_grows_with_rows_and_trials(project):
    small = plan("trimtab.yaml").estimate
    assert small.rows == 180
    assert plan("trimtab.yaml", ["tune.trials=4"]).estimate.seconds > small.seconds
    with (project / "train.csv").open("a") as stream:
        stream.write("more,card\n" * 1000)
    assert plan("trimtab.yaml").estimate.seconds > small.seconds


def test_its_estimate_respects_the_limit_of_time(project):
    open_ended = plan("trimtab.yaml", ["tune.trials=1000", "tune.time=10h"]).estimate
    limited = plan("trimtab.yaml", ["tune.trials=1000", "tune.time=10s"]).estimate
    assert limited.seconds < open_ended.seconds


def test_it_tells_mistakes_of_every_kind_at_once(project):
    found = errors_of(
        "seed=x", "clean=[drop_dupes]", "data.label=lable", "tune.sampler=tp", "data.test=tst.csv"
    )
    assert [line.split("; ")[0] for line in found] == [
        "--set seed: seed is 'x'",
        "--set data.label: train.csv has no column 'lable'",
        "--set data.test: no such file: tst.csv",
        "--set clean: no data step 'drop_dupes'",
        "--set tune.sampler: no sampler 'tp'",
    ]


def test_it_tells_steps_that_fit_neither_texts_nor_their_section_with_the_other_mistakes(project):
    found = errors_of(
        "clean=[hampel]", "augment=[impute, rotate]", "features=[tokens, lags]", "serve.grpc=8080"
    )
    assert found == [
        "--set clean: step 'hampel' does not understand texts; remove it; it accepts series",
        "--set augment: step 'impute' changes more than train rows; move it to `clean`",
        "--set augment: step 'rotate' does not understand texts; remove it; it accepts image",
        "--set features: step 'lags' does not understand texts; remove it; it accepts series",
        "--set serve.grpc: serve.rest and serve.grpc are both 8080; give each a port of its own; 0 takes a "
        "free one",
    ]


@pytest.mark.parametrize(
    ("override", "line"),
    [
        (
            "clean=[{near_duplicates: {similarty: 1}}]",
            "step 'near_duplicates' has no parameter 'similarty'; did",
        ),
        ("features=[tokns]", "no feature step 'tokns'; did you mean 'tokens'?"),
        (
            "features=[tfidf]",
            "no step 'tokens', the only one that model families read; add it: features: [tokens, tfidf]",
        ),
        ("model.families=[mini]", "no model family 'mini'; did you mean 'minilm'?"),
        ("compress=[int9]", "no compressor 'int9'; did you mean 'int8'?"),
        ("data.test=train.csv", "data.test is the train file; name other rows"),
        ("data.label=text", "data.text and data.label are both 'text'; name two columns"),
        (
            "budget.accuracy_drop=0",
            "no test on finitely many rows can show that nothing is lost;",
        ),
        ("serve.grpc=8080", "serve.rest and serve.grpc are both 8080; give each a port of its own"),
    ],
)
def test_it_finds_what_a_well_formed_spec_can_still_get_wrong(project, override, line):
    (found,) = errors_of(override)
    assert found.startswith(f"--set {override.split('=')[0]}")
    assert line in found


def test_it_tells_that_nothing_is_distilled_from_a_small_family(project):
    compress = "compress=[fp32,int8,student,cascade]"
    student, cascade = errors_of(compress)
    assert student == (
        "--set compress: 'student' needs a pretrained teacher, and model.families names textcnn; "
        "leave it out, or add a family as minilm"
    )
    assert "'cascade' needs a pretrained teacher" in cascade
    for families in ("auto", "[textcnn, minilm]", "[static, org/name]"):
        plan("trimtab.yaml", [compress, f"model.families={families}"])
    plan("trimtab.yaml", ["compress=[fp32,int8]"])


@pytest.mark.parametrize("family", ["sentence-transformers/all-MiniLM-L6-v2", "encoder"])
def test_it_takes_hub_ids_and_local_folders_as_families(project, family):
    (project / "encoder").mkdir()
    plan("trimtab.yaml", [f"model.families=[{family}]"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.tsv", "text\tlabel\na\tb\n"),
        ("rows.jsonl", '{"text": "a", "label": "b"}\n'),
        ("bom.csv", "\ufefftext,label\na,b\n"),
        ("quoted.csv", '"text","label"\n"a","b"\n'),
    ],
)
def test_it_reads_the_header_of_every_format(project, name, text):
    (project / name).write_text(text, encoding="utf-8")
    plan("trimtab.yaml", [f"data.test={name}"])
    assert "has no column 'txt'" in errors_of(f"data.test={name}", "data.text=txt")[1]


def test_a_header_that_was_not_taken_apart_names_the_separator(project):
    (project / "half.csv").write_text("text;label\na card;lost\n", encoding="utf-8")
    assert errors_of("data.train=half.csv")[0].endswith("set data.separator: ';'")


def test_it_reads_the_header_of_parquet(project):
    import polars as pl

    pl.DataFrame({"text": ["a", "b"], "label": ["c", "d"]}).write_parquet(project / "rows.parquet")
    assert plan("trimtab.yaml", ["data.test=rows.parquet"]).estimate.rows == 122
    assert "did you mean 'text'?" in errors_of("data.test=rows.parquet", "data.text=txt")[1]


def test_it_notes_when_the_rows_cannot_show_that_a_budget_is_kept(project):
    (note,) = plan("trimtab.yaml").notes
    assert note.startswith("12 validation rows cannot show a drop below 18.4")
    assert not plan("trimtab.yaml", ["budget.accuracy_drop=30pt"]).notes


def test_it_notes_every_feature_step_that_no_family_reads(project):
    overrides = ["features=[tokens, tfidf, hashing]", "budget.accuracy_drop=30pt"]
    assert plan("trimtab.yaml", overrides).notes == tuple(
        f"--set features: what step '{name}' makes is kept in the stage's folder below "
        ".trimtab/store/features for use outside; no family reads it"
        for name in ("tfidf", "hashing")
    )


def test_it_tells_a_wrong_engine_in_one_line(project):
    (found,) = errors_of("engine=locl")
    assert found.startswith(
        "--set engine: engine is 'locl'; did you mean 'local'? allowed: 'local', 'ray' or 'ray://HOST:PORT'"
    )


@pytest.mark.parametrize("engine", ["ray", "ray://head:10001"])
def test_it_tells_that_ray_is_not_installed_and_needs_it_for_no_other_engine(project, monkeypatch, engine):
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were absent
    assert errors_of(f"engine={engine}") == [
        f"--set engine: engine is '{engine}', and Ray is not installed; pip install 'trimtab[ray]', "
        "or set engine: local"
    ]
    plan("trimtab.yaml")


def test_it_tells_all_that_steps_will_miss_in_the_columns_and_files(project, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = errors_of(
        "data.types={age: int}",
        "clean=[{iqr: {columns: [lable]}}, {near_duplicates: {text: txt}}, semantic_duplicates]",
        "augment=[{synonym: {table: own.tsv}}, "
        "{back_translation: {translator: openai, options: {model: m}}}]",
        "features=[tokens, fuse, {fuse: {columns: [tfidf], into: two}}, {dates: {columns: [text]}}, "
        "{word2vec: {file: own.txt, into: label}}]",
    )
    mend = "mend the path; it starts where the spec lies"
    assert found == [
        "--set data.types: train.csv has no column 'age', for which data.types declares a type; "
        "available: label, text",
        "--set clean: step 'near_duplicates': no column 'txt'; did you mean 'text'? available: label, text",
        "--set clean: step 'semantic_duplicates': no column 'embedding'; name the one that holds vectors in "
        "`embedding`, or let an `encoder` (`minilm`) embed the texts",
        "--set clean: step 'iqr': no column 'lable'; did you mean 'label'? available: label, text",
        f"--set augment: step 'synonym': table 'own.tsv' is no file; {mend}",
        "--set augment: step 'back_translation': translator openai (https://api.openai.com/v1): the variable "
        "OPENAI_API_KEY is not set; set it to the key",
        "--set features: step 'fuse': finds no features to fuse; put steps that make them before it, such as "
        "tfidf",
        "--set features: step 'fuse': no column 'tfidf'; available: fuse, label, text, tokens",
        "--set features: step 'dates': column 'text' holds text, not dates; give it as dates (in a spec by "
        "data.types), or name columns of dates",
        f"--set features: step 'word2vec': file 'own.txt' is no file; {mend}",
        "--set features: step 'word2vec': would write over column 'label'; rename it, or name another in "
        "`into`",
    ]


def test_it_knows_the_columns_that_steps_add(project):
    plan(
        "trimtab.yaml",
        [
            "clean=[{iqr: {action: flag}}, missing_indicator, {impute: {columns: [text_outlier]}}]",
            "features=[tokens, tfidf, {hashing: {into: more}}, {fuse: {columns: [tfidf, more]}}]",
        ],
    )


@pytest.mark.parametrize(
    ("name", "rows", "told"),
    [
        ("t.csv", "text,label,at\na,b,2024-01-02\nc,d,\n", None),
        ("t.csv", "text,label,at\na,b,2024-01-02\nc,d,soon\n", "holds text, not dates"),
        ("t.csv", "text,label,at\na,b,7\n", "holds numbers or text, not dates"),
        ("t.jsonl", '{"text": "a", "label": "b", "at": "2024-01-02"}\n', "holds text, not dates"),
        ("t.jsonl", '{"text": "a", "label": "b"}\n{"text": "c", "label": "d"}\n', "no column 'at'"),
        (
            "t.jsonl",
            '{"text": "a", "label": "b"}\n{"text": "c", "label": "d", "at": 1}',
            "holds numbers, not dates",
        ),
    ],
)
def test_it_looks_at_values_to_tell_what_a_column_can_hold(project, name, rows, told):
    (project / name).write_text(rows)
    overrides = [f"data.train={name}", "features=[tokens, {dates: {columns: [at]}}]"]
    if told is None:
        plan("trimtab.yaml", overrides)
    else:
        assert told in errors_of(*overrides)[0]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("text,label,label\na,b,c\n", "t.csv:1: two columns are named 'label'; rename one of them"),
        ("\n7,8\n9,10\n", "t.csv:2: the header holds numbers only, so it looks like a row"),
    ],
)
def test_it_tells_a_header_that_the_reader_refuses(project, rows, told):
    (project / "t.csv").write_text(rows)
    found = errors_of("data.train=t.csv", "data.test=null")
    assert [told in one for one in found] == [True]


def test_it_tells_a_name_twice_where_it_stands(project):
    assert errors_of("data.header=[text, label, label]") == [
        "--set data.header: data.header names 'label' twice; rename one of them"
    ]


def test_a_column_without_any_value_fits_everywhere(project):
    import polars as pl

    empty = {"at": pl.Series([None] * 2, dtype=pl.Float64), "n": [1, 2]}
    pl.DataFrame({"text": ["a", "b"], "label": ["c", "d"], **empty}).write_parquet(project / "t.parquet")
    overrides = ["data.train=t.parquet", "data.test=null"]
    plan("trimtab.yaml", [*overrides, "features=[tokens, {dates: {columns: [at]}}]"])
    (told,) = errors_of(*overrides, "features=[tokens, {dates: {columns: [n]}}]")
    assert "column 'n' holds numbers, not dates; give it as dates (in a spec by data.types)" in told


@pytest.mark.parametrize("kind", ["csv.gz", "jsonl.gz", "parquet"])
def test_it_names_a_file_that_is_damaged(project, kind):
    (project / f"t.{kind}").write_bytes(gzip.compress(b"text,label\na,b\n" * 9)[:-9])
    with pytest.raises(DataError, match=rf"t\.{kind}: cannot be read .*; check that the file is whole"):
        plan("trimtab.yaml", [f"data.train=t.{kind}", "data.test=null"])


def test_it_claims_nothing_of_columns_that_later_lines_may_bring(project):
    row = '{"text": "a", "label": "b"}\n'
    (project / "t.jsonl").write_text(row * (2**20 // len(row) + 1) + '{"text": "a", "label": "b", "n": 1}\n')
    plan(
        "trimtab.yaml",
        ["data.train=t.jsonl", "data.test=null", "data.types={n: int}", "clean=[{iqr: {columns: [n]}}]"],
    )


def test_it_asks_for_no_key_where_translations_are_kept(project, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (project / "kept.sqlite").touch()
    options = "translator: openai, cache: kept.sqlite, options: {model: m}"
    plan("trimtab.yaml", [f"augment=[{{back_translation: {{{options}}}}}]"])
