"""Steps that stand alone against pandas, scikit-learn and imbalanced-learn, and inside their pipelines."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import mutual_info_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from trimtab.core.errors import DataError
from trimtab.data import steps
from trimtab.features import steps as features

pandas = pytest.importorskip("pandas")
pipeline = pytest.importorskip("imblearn.pipeline")

TEXTS = ["my card is lost", "lost my card", "top up by card", "", None, "top up failed", "Top up my card!"]


def messy(rows: int = 300) -> tuple[pandas.DataFrame, np.ndarray]:
    """Numbers with gaps and far values, a category with gaps and empty strings, and classes."""
    rng = np.random.default_rng(0)
    age, kind = rng.normal(40, 10, rows), rng.choice(["new", "", "old"], rows)
    y = np.where(age + 10 * (kind == "old") + rng.normal(0, 5, rows) > 45, "yes", "no")
    table = pandas.DataFrame(
        {
            "age": np.where(rng.random(rows) < 0.1, np.nan, age),
            "visits": rng.poisson(3, rows),
            "kind": pandas.Series(np.where(rng.random(rows) < 0.1, None, kind), dtype=object),
        },
        index=np.arange(rows) * 3,
    )
    table.loc[0, "age"] = 4_000.0
    return table, y


@pytest.mark.parametrize("rule", ["median", "mean", "most_frequent"])
def test_impute_fills_arrays_as_scikit_learn_does(rule):
    rng = np.random.default_rng(1)
    x = np.where(rng.random((50, 3)) < 0.2, np.nan, rng.integers(0, 9, (50, 3)).astype(float))
    ours = steps.Impute(numeric=rule).fit_transform(x)
    np.testing.assert_allclose(ours, SimpleImputer(strategy=rule).fit_transform(x), rtol=1e-12)


def test_impute_fills_a_frame_as_pandas_does_and_keeps_types_index_and_empty_strings():
    table, _ = messy()
    table["kind"] = table["kind"].astype("category")
    table["seen"] = pandas.array([None, *range(len(table) - 1)], dtype="Int64")
    made = steps.Impute().fit_transform(table)
    wanted = table.fillna(
        {"age": table["age"].median(), "kind": table["kind"].mode()[0], "seen": table["seen"].median()}
    )
    pandas.testing.assert_frame_equal(made, wanted)
    assert (made["kind"] == "").sum() == (table["kind"] == "").sum() + (
        table["kind"].isna().sum() if table["kind"].mode()[0] == "" else 0
    )


def test_iqr_drops_the_rows_that_pandas_finds_outside_the_fences():
    table, y = messy()
    sampler = steps.Iqr(columns=["age"])
    made, of = sampler.fit_resample(table, y)
    low, high = table["age"].quantile([0.25, 0.75])
    far = (table["age"] < low - 1.5 * (high - low)) | (table["age"] > high + 1.5 * (high - low))
    assert far.sum() > 1
    pandas.testing.assert_frame_equal(made, table[~far])
    assert of.tolist() == y[~far].tolist()
    assert [drop.id for drop in sampler.dropped_] == np.flatnonzero(far).tolist()
    assert sampler.dropped_[0].row["age"] == 4_000.0
    assert "age 4000 is outside" in sampler.dropped_[0].reason


@pytest.mark.parametrize("kind", ["pandas", "polars", "array"])
def test_drop_duplicates_drops_what_pandas_drops(kind):
    table = pandas.DataFrame({"a": [1, 1, 2, 1, 2], "b": ["x", "x", "", "y", None]})
    given = {"pandas": table, "polars": pl.from_pandas(table), "array": table.to_numpy(object)[:, :1]}[kind]
    sampler = steps.DropDuplicates()
    sampler.fit_resample(given)
    known = table[["a"]] if kind == "array" else table
    assert sampler.sample_indices_.tolist() == np.flatnonzero(~known.duplicated()).tolist()


def test_rows_that_differ_in_y_alone_are_no_copies():
    _, y = steps.DropDuplicates().fit_resample([[1.0], [1.0], [1.0]], ["a", "b", "a"])
    assert y.tolist() == ["a", "b"]


def test_oversample_gives_each_class_the_rows_that_imbalanced_learn_gives_it():
    from imblearn.over_sampling import RandomOverSampler

    table, y = messy()
    y = np.where(np.arange(len(y)) % 7 == 0, "rare", y)
    made, of = steps.Oversample().fit_resample(table, y)
    _, theirs = RandomOverSampler(random_state=0).fit_resample(table, y)
    assert sorted(of) == sorted(theirs)
    pandas.testing.assert_frame_equal(made.iloc[: len(table)], table)


def test_the_columns_of_integers_keep_their_names_and_come_back():
    table = pandas.DataFrame([[1.0, np.nan], [3.0, 4.0]])
    made = steps.MissingIndicator().fit_transform(table)
    assert list(made.columns) == [0, 1, "x1_missing"]
    assert made["x1_missing"].tolist() == [True, False]


def test_columns_without_names_are_those_of_fit_by_place_and_named_ones_after_an_array_too():
    frame = pl.DataFrame({"b": [1.0, None, 3.0], "a": [2.0, 4.0, 6.0]})
    array = np.array([[np.nan, 8.0], [5.0, np.nan]])
    named = steps.Impute().fit(frame)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        np.testing.assert_array_equal(named.transform(array), [[2, 8], [5, 4]])
    bare = steps.Impute().fit(frame.to_numpy())
    for library in (frame, frame.to_pandas()):
        with pytest.warns(UserWarning, match="X has feature names"):
            filled = bare.transform(library)
        assert [*filled.columns] == ["b", "a"]
        np.testing.assert_array_equal(filled.to_numpy(), [[1, 2], [2, 4], [3, 6]])


def test_new_columns_keep_levels_and_attributes_of_a_pandas_frame():
    names = pandas.MultiIndex.from_tuples([("a", "b"), ("a", "c")], names=["of", "what"])
    table = pandas.DataFrame([[1.0, np.nan], [3.0, 4.0]], columns=names)
    table.attrs["source"] = "here"
    made = steps.MissingIndicator().fit_transform(table)
    assert list(made.columns) == [("a", "b"), ("a", "c"), ("x1_missing", "")]
    assert made.attrs == table.attrs
    assert made.columns.names == ["of", "what"]


@pytest.mark.parametrize("step", [steps.Impute(), steps.MissingIndicator(), steps.QuantileClip()])
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_columns_of_a_frame_are_listed_as_often_for_many_as_for_few(step, library, monkeypatch):
    """To list them takes as long as there are columns: done for each one, 2,000 columns took 11 s."""
    asked: list[int] = []
    for name in ("columns", "schema"):
        known = getattr(pl.DataFrame, name)
        listed = property(lambda self, known=known: asked.append(self.width) or known.fget(self), known.fset)
        monkeypatch.setattr(pl.DataFrame, name, listed)

    def counted(width: int) -> int:
        frame = pl.DataFrame({f"c{at}": [1.0, None, 3.0] for at in range(width)})
        fitted = step.fit(frame if library == "polars" else frame.to_pandas())
        asked.clear()
        fitted.transform(frame if library == "polars" else frame.to_pandas())
        return sum(asked_of >= width for asked_of in asked)

    assert counted(150) == counted(50)


def test_scale_and_one_hot_are_those_of_scikit_learn():
    table, _ = messy()
    numbers = table[["age", "visits"]]
    ours = features.Scale().fit_transform(numbers)
    np.testing.assert_allclose(ours, StandardScaler().fit_transform(numbers), rtol=1e-5, atol=1e-6)
    assert list(ours.columns) == ["age", "visits"]
    words = table[["kind"]].fillna("none")
    hot = features.OneHot(min_count=1).fit_transform(words).toarray()[:, :-1]
    np.testing.assert_array_equal(hot, OneHotEncoder(sparse_output=False).fit_transform(words))


@pytest.mark.parametrize("form", [list, pandas.Series, pl.Series, lambda one: np.array(one, dtype=object)])
def test_tfidf_reads_any_sequence_of_texts_as_scikit_learn_does(form):
    ours = features.TfIdf(min_df=1)
    made = ours.fit_transform(form(TEXTS))
    theirs = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    wanted = theirs.fit_transform([text or "" for text in TEXTS])
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()
    np.testing.assert_allclose(made.toarray(), wanted.toarray(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("form", [list, pandas.Series, pl.Series, lambda one: np.array(one, dtype=object)])
def test_a_sequence_of_texts_comes_back_as_one(form):
    texts = form(TEXTS)
    made, _ = steps.TextLength().fit_resample(texts)
    kept = [text for text in TEXTS if text != ""]
    assert [text if isinstance(text, str) else None for text in made] == kept
    assert isinstance(made, np.ndarray if isinstance(texts, list) else type(texts))
    made = steps.TermFrequency(action="remove").fit_transform(texts)
    assert made[0] == "my card lost"


@pytest.mark.parametrize("form", [list, tuple, pandas.Series, pl.Series, lambda one: np.array(one, object)])
def test_copies_and_wrong_labels_are_found_in_a_sequence_of_texts(form):
    texts = form(["my card", "my card", "send it", None, "", "my card"])
    sampler = steps.DropDuplicates()
    kept, y = sampler.fit_resample(texts, list("aababa"))
    assert sampler.sample_indices_.tolist() == [0, 2, 3, 4]
    assert [drop.reason for drop in sampler.dropped_] == ["exact duplicate of row 0"] * 2
    assert list(kept) == list(texts[[0, 2, 3, 4]]) if isinstance(texts, np.ndarray) else len(kept) == 4
    assert y.tolist() == list("abab")

    texts = form([f"{what} {at}" for what in ("lost my card", "send money") for at in range(30)])
    y = ["card"] * 30 + ["money"] * 30
    y[3] = "money"
    finder = steps.LabelErrors(action="drop")
    kept, _ = finder.fit_resample(texts, y)
    assert [drop.id for drop in finder.dropped_] == [3]
    assert len(kept) == 59


def test_copies_are_found_in_a_list_of_pictures_and_by_meaning_in_a_list_of_texts():
    kept, _ = steps.DropDuplicates().fit_resample([b"1", b"1", b"2"])
    assert kept.tolist() == [b"1", b"2"]
    kept, _ = steps.SemanticDuplicates(encoder="minilm").fit_resample(["my card", "my card", "send it"])
    assert kept.tolist() == ["my card", "send it"]


def test_words_that_a_category_does_not_know_are_not_lost():
    kinds = pandas.DataFrame({"kind": pandas.Categorical(["new", None], ["new", "old"], ordered=True)})
    made = steps.Impute(categorical="constant", word="none").fit_transform(kinds)
    assert made["kind"].tolist() == ["new", "none"]
    made = steps.Impute(categorical="constant", word="old").fit_transform(kinds)
    assert made["kind"].dtype == kinds["kind"].dtype


@pytest.mark.parametrize("values", [[8001, 3000, 8001, None], [1.5, 2.0, 1.5, None], ["b", "a", "b", None]])
def test_a_category_is_no_number_whatever_it_is_written_with(values):
    table = pandas.DataFrame({"zip": pandas.Categorical(values)})
    filled = steps.Impute().fit_transform(table)["zip"]
    assert filled.tolist() == [*values[:3], values[0]]
    assert filled.dtype == table["zip"].dtype
    many = pandas.DataFrame({"branch": pandas.Categorical([1] * 30 + [900]), "n": range(31)})
    assert len(steps.Iqr().fit_resample(many)[0]) == 31
    assert features.OneHot().fit(many).get_feature_names_out().tolist() == ["branch=1", "branch rare"]


def test_what_polars_cannot_hold_is_named():
    table = pandas.DataFrame({"n": [1.0, 2.0], "odd": [1 + 2j, 3j]})
    with pytest.raises(DataError, match="column 'odd' of complex128 cannot be held"):
        steps.Impute().fit_transform(table)


def test_periods_stay_as_they_are():
    table = pandas.DataFrame(
        {"month": pandas.period_range("2024-01", periods=3, freq="M"), "n": [1, None, 3]}
    )
    filled = steps.Impute().fit_transform(table)
    assert filled["month"].equals(table["month"])
    assert filled["n"].tolist() == [1, 2, 3]


def test_a_clipped_column_of_integers_is_one_of_floats_whatever_its_values_are():
    table = pandas.DataFrame({"n": [1, 2, 3, 4, 500]})
    clip = steps.Iqr(action="clip").fit(table)
    assert [clip.transform(rows)["n"].dtype for rows in (table, table.iloc[:2])] == ["float64", "float64"]


def test_texts_that_are_all_missing_are_texts():
    assert features.TfIdf(min_df=1).fit(["my card"]).transform([None, float("nan")]).nnz == 0


def test_a_review_of_labels_gives_new_ones_in_the_form_of_y(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], 30)
    x = np.where(y == "a", 0.0, 9.0)[:, None] + rng.normal(0, 1, (60, 2))
    y[3] = "b"
    review = tmp_path / "review.csv"
    table = pandas.DataFrame(x, columns=["p", "q"])
    finder = steps.LabelErrors(action="review", review=str(review))
    finder.fit_resample(table, pandas.Series(y, name="kind"))
    lines = review.read_text().splitlines()
    assert lines[1].startswith("3,,b,a")
    review.write_text("\n".join([lines[0], lines[1].replace("3,,", "3,a,", 1)]) + "\n")
    for form in (
        np.array,
        list,
        lambda one: pandas.Series(one, name="kind"),
        lambda one: pl.Series("kind", one),
    ):
        _, mended = finder.fit_resample(table, form(y.tolist()))
        assert list(mended) == ["a"] * 30 + ["b"] * 30
        assert getattr(mended, "name", "kind") == "kind"


def test_an_array_of_embeddings_or_of_series_is_read_row_by_row():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 8))
    x[3] = x[1] * 2
    sampler = steps.SemanticDuplicates()
    made, _ = sampler.fit_resample(x)
    np.testing.assert_array_equal(made, np.delete(x, 3, axis=0))
    more, y = steps.Jitter().fit_resample(x, list("ababab"))
    np.testing.assert_array_equal(more[:6], x)
    assert more.shape == (12, 8)
    assert y.tolist() == list("abababababab")


def test_a_pipeline_of_scikit_learn_cleans_encodes_and_searches():
    table, y = messy()
    columns = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(steps.Iqr(action="clip"), steps.Impute(), features.Scale()),
                ["age", "visits"],
            ),
            ("words", make_pipeline(steps.Impute(), features.OneHot()), ["kind"]),
        ]
    )
    model = Pipeline([("columns", columns), ("model", LogisticRegression())])
    for x in (table, pl.from_pandas(table)):
        assert cross_val_score(model, x, y, cv=3).mean() > 0.75
    search = GridSearchCV(model, {"columns__numbers__impute__numeric": ["mean", "median"]}, cv=3)
    assert search.fit(table, y).best_params_["columns__numbers__impute__numeric"] in ("mean", "median")


def test_a_pipeline_of_imbalanced_learn_drops_and_adds_train_rows_alone():
    table, y = messy()
    model = pipeline.Pipeline(
        [
            ("far", steps.Iqr(columns=("age",))),
            ("fill", steps.Impute()),
            ("more", steps.Oversample()),
            (
                "encode",
                ColumnTransformer([("n", features.Scale(), ["age"]), ("w", features.OneHot(), ["kind"])]),
            ),
            ("model", LogisticRegression()),
        ]
    )
    assert cross_val_score(model, table, y, cv=3).mean() > 0.75
    fitted = model.fit(table, y)
    assert fitted.predict(table).shape == y.shape
    assert len(fitted.named_steps["far"].dropped_) > 0


def test_sparse_features_are_selected_and_named_in_a_pipeline():
    texts = [f"{word} {other}" for word in ("card", "cash") for other in "abcdefghijk"] * 3
    y = ["c" if "card" in text else "m" for text in texts]
    model = make_pipeline(features.TfIdf(ngrams=(1, 1)), features.SelectMutualInfo(keep=2), LinearSVC()).fit(
        texts, y
    )
    assert model[:-1].get_feature_names_out().tolist() == ["card", "cash"]
    assert model.predict(["my card", "my cash"]).tolist() == ["c", "m"]
    there = model[0].transform(texts) > 0
    scores = mutual_info_classif(there, y, discrete_features=True)
    assert set(np.argsort(-scores)[:2]) == set(model[1].step_.kept)


def test_target_encode_shows_no_row_its_own_label():
    y = np.random.default_rng(0).integers(0, 2, 200).astype(str)
    own = pl.DataFrame({"kind": [f"k{at}" for at in range(200)]})  # each category has one row
    encoder = features.TargetEncode(smoothing=0)
    seen = encoder.fit_transform(own, y)["kind mean 1"].to_numpy()
    later = encoder.transform(own)["kind mean 1"].to_numpy()
    assert (later == (y == "1")).all()
    assert len(np.unique(seen)) <= 5  # the priors of the five folds


def test_dates_and_calendar_read_pandas_frames():
    table = pandas.DataFrame({"time": pandas.date_range("2024-01-01", periods=48, freq="h"), "v": 1.0})
    made = features.Calendar(parts=("hour", "weekday"), cyclic=False).fit_transform(table)
    assert made.iloc[:, 0].tolist() == table["time"].dt.hour.tolist()
    assert made.iloc[:, 1].tolist() == (table["time"].dt.day_of_week + 1).tolist()


@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(-1e6, 1e6) | st.just(float("nan")),
            st.none() | st.sampled_from(["", "a", "b"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_arrays_pandas_and_polars_are_cleaned_alike(rows):
    frame = pl.DataFrame(rows, schema={"n": pl.Float64, "s": pl.String}, orient="row")
    table = pandas.DataFrame(rows, columns=["n", "s"]).astype({"n": float, "s": object})
    array = table.to_numpy(object)
    for made in (steps.MissingIndicator(), steps.Impute(), steps.QuantileClip()):
        ours = made.fit_transform(frame).to_numpy()
        other = made.fit_transform(table).to_numpy(object)
        plain = made.fit_transform(array)
        for left, right in ((ours, other), (ours, plain)):
            assert [[_plain(cell) for cell in row] for row in left] == [
                [_plain(cell) for cell in row] for row in right
            ]


def _plain(cell: object) -> object:
    return None if isinstance(cell, float) and np.isnan(cell) else cell


def test_the_room_stays_light_and_says_what_is_lacking_without_scikit_learn():
    code = """
        import sys
        import trimtab.data, trimtab.features
        assert not {"sklearn", "pandas", "polars"} & {*sys.modules}

        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "sklearn":
                    raise ModuleNotFoundError(f"No module named {name!r}", name="sklearn")

        sys.meta_path.insert(0, Absent())
        from trimtab.core.errors import EnvironmentFault
        try:
            from trimtab.data import steps
        except EnvironmentFault as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == (
        "trimtab.data.steps: needs sklearn, which is not installed; pip install 'trimtab[data]'"
    )
