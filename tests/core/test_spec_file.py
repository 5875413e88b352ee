"""Every value with its place, every error at once: value, what is allowed, nearest spelling."""

import pytest

from trimtab.core.errors import ConfigError, SpecErrors
from trimtab.core.spec_file import options, read_partly, read_spec

HEAD = """\
version: 1
task: text-classification
data: {train: train.csv, label: category}
budget: {size: 25MB}
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text):
        file = (tmp_path / "trimtab.yaml").relative_to(tmp_path)
        file.write_text(text)
        return file

    return write


def errors_of(file, *overrides, environ=()):
    with pytest.raises(SpecErrors) as caught:
        read_spec(file, overrides, dict(environ))
    return str(caught.value).splitlines()


def test_it_says_where_each_value_came_from(write):
    read = read_spec(write(HEAD), ["seed=3"], {"TRIMTAB_SERVE__REST": "9000"})
    assert (read.spec.seed, read.spec.serve.rest) == (3, 9000)
    origins = {path: read.place(*path) for path, _ in options(read.spec)}
    assert origins["data", "label"] == "trimtab.yaml:3"
    assert origins["seed",] == "--set seed"
    assert origins["serve", "rest"] == "TRIMTAB_SERVE__REST"
    assert origins["serve", "grpc"] == "default"


def test_set_wins_over_variables_and_variables_over_the_file(write):
    file = write(HEAD + "seed: 1\n")
    assert read_spec(file, (), {"TRIMTAB_SEED": "2"}).spec.seed == 2
    assert read_spec(file, ["seed=3"], {"TRIMTAB_SEED": "2"}).spec.seed == 3
    assert read_spec(file, ["seed=3", "seed=4"], {}).spec.seed == 4


def test_it_sets_items_of_lists_and_whole_sections(write):
    file = write(HEAD + "clean: [drop_duplicates, {near_duplicates: {similarity: 0.9}}]\n")
    read = read_spec(file, ["clean.1.near_duplicates.similarity=0.8", "budget={size: 1MB}"], {})
    assert read.spec.clean[1].parameters == {"similarity": 0.8}
    assert read.spec.budget.size == 10**6
    assert read.place("budget", "size") == "--set budget"


@pytest.mark.parametrize("name", ["TRIMTAB_TOKEN", "TRIMTAB_OFFLINE"])
def test_it_leaves_variables_alone_that_are_no_options(write, name):
    assert read_spec(write(HEAD), (), {name: "secret"}).place("seed") == "default"


MISTAKES = {
    "unit": (
        "budget: {size: 25}",
        "trimtab.yaml:5: budget.size is 25, the unit is missing; allowed: a size such as 25MB or 10MiB "
        "(bytes of all files that serving needs)",
    ),
    "amount": (
        "tune: {time: soon}",
        "trimtab.yaml:5: tune.time is 'soon'; allowed: a duration such as 15ms, 2s or 20m "
        "(no new trial starts after this time)",
    ),
    "zero": (
        "budget: {latency_p99: 0ms}",
        "trimtab.yaml:5: budget.latency_p99 is '0ms'; allowed: greater than 0 "
        "(99th percentile of a request, batch 1)",
    ),
    "enum": (
        "watch: {retrain: propse}",
        "trimtab.yaml:5: watch.retrain is 'propse'; did you mean 'propose'? allowed: 'propose' or "
        "'off' (what an alarm leads to: a proposal to retrain, or only a note)",
    ),
    "nothing": (
        "model: {families: []}",
        "trimtab.yaml:5: model.families is []; allowed: 'auto' or a list of at least 1 "
        "(families, Hugging Face ids or local folders; the best on validation is the teacher)",
    ),
    "union": (
        "model: {families: minilm}",
        "trimtab.yaml:5: model.families is 'minilm'; allowed: 'auto' or a list "
        "(families, Hugging Face ids or local folders; the best on validation is the teacher)",
    ),
    "item of a union": (
        "compress: [fp32, 8]",
        "trimtab.yaml:5: compress.1 is 8; allowed: text (compressors to try, in order)",
    ),
    "type": (
        "serve: {rest: http}",
        "trimtab.yaml:5: serve.rest is 'http'; allowed: a whole number "
        "(port of the REST API; 0 takes a free one)",
    ),
    "bound": (
        "serve: {rest: 99999}",
        "trimtab.yaml:5: serve.rest is 99999; allowed: less than or equal to 65535 "
        "(port of the REST API; 0 takes a free one)",
    ),
    "unknown": (
        "serve: {rets: 8080}",
        "trimtab.yaml:5: unknown option 'serve.rets'; did you mean 'rest'? allowed: host, rest, grpc, queue, "
        "batch_tokens, max_texts, max_bytes, drain, log, log_size, log_age",
    ),
    "step": (
        "clean:\n- drop_duplicates\n- {a: 1, b: 2}",
        "trimtab.yaml:7: clean.1 is {'a': 1, 'b': 2}; allowed: a name, or one name with its parameters as in "
        "{near_duplicates: {similarity: 0.9}} (cleaning steps, in order)",
    ),
    "empty section": (
        "watch:",
        "trimtab.yaml:5: watch is empty; allowed: a section with drift, retrain "
        "(what is watched, and what follows)",
    ),
}


@pytest.mark.parametrize(("text", "line"), MISTAKES.values(), ids=MISTAKES)
def test_it_explains_each_mistake_in_one_line(write, text, line):
    head = "".join(row for row in HEAD.splitlines(keepends=True) if text.split(":")[0] not in row)
    file = write(head + "\n" * (4 - head.count("\n")) + text + "\n")
    assert errors_of(file) == [line]


@pytest.mark.parametrize("date", ["2024-01-31", "2024-13-45"])
def test_it_takes_a_date_for_the_text_that_it_is(write, date):
    file = write(HEAD.replace("train: train.csv", f"train: {date}"))
    assert read_spec(file).spec.data.train == date
    assert read_spec(file, [f"data.missing=[{date}]"]).spec.data.missing == (date,)
    assert errors_of(file, f"seed={date}")[0].startswith(f"--set seed: seed is '{date}'; allowed: a whole")


def test_it_tells_every_mistake_at_once(write):
    found = errors_of(write(HEAD + "seed: -1\nsed: 0\ntune: {trials: 0, time: 3}\n"))
    assert [line.split(";")[0] for line in found] == [
        "trimtab.yaml:7: tune.trials is 0",
        "trimtab.yaml:7: tune.time is 3, the unit is missing",
        "trimtab.yaml:5: seed is -1",
        "trimtab.yaml:6: unknown option 'sed'",
    ]


def test_it_names_what_is_missing(write):
    assert [line.split(";")[0] for line in errors_of(write("version: 1\ndata: {test: a.csv}\n"))] == [
        "trimtab.yaml:1: 'task' is missing",
        "trimtab.yaml:2: 'data.train' is missing",
        "trimtab.yaml:1: 'budget' is missing",
    ]


def test_it_blames_the_variable_or_the_option_that_said_it(write):
    found = errors_of(write(HEAD), "seed=x", environ={"TRIMTAB_BUDGT": "1"})
    assert found[0].startswith("--set seed: seed is 'x'; allowed: a whole number")
    assert found[1].startswith("TRIMTAB_BUDGT: unknown option 'budgt'; did you mean 'budget'?")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "a: [1",
            r"trimtab.yaml:1: not valid YAML \(expected ',' or ']', but got .*\); mend the line",
        ),
        (
            "a: 1\n\tb: 2",
            r"trimtab.yaml:2: not valid YAML \(found character '\\t' that cannot start",
        ),
        ("", "trimtab.yaml:1: the file is empty; begin with `version: 1`"),
        ("- a", "trimtab.yaml:1: the file is a list; begin with `version: 1`"),
        ("a: 1\nb: 2\na: 3", "trimtab.yaml:3: 'a' is given twice; keep one of them"),
    ],
)
def test_it_says_what_is_wrong_with_the_yaml(write, text, line):
    with pytest.raises(ConfigError, match=line):
        read_spec(write(text), (), {})


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("seed", "--set seed: is not of the form key=value; write --set section.key=value"),
        ("=3", "--set =3: is not of the form key=value"),
        ("seed=[", "--set seed: '\\[' is not valid YAML; quote the value"),
        (
            "clean.4=iqr",
            "--set clean.4: there is no '4' in a list of 1; count from 0, or set the whole",
        ),
    ],
)
def test_it_says_what_is_wrong_with_an_override(write, override, line):
    with pytest.raises(ConfigError, match=line):
        read_spec(write(HEAD + "clean: [iqr]\n"), [override], {})


def test_it_keeps_what_is_right_so_that_the_rest_can_be_checked(write):
    read, errors = read_partly(write(HEAD + "seed: x\nclean: [3]\nserve: {rest: y, grpc: 1}\n"), (), {})
    assert len(errors) == 3
    assert (read.spec.seed, read.spec.serve.grpc, read.spec.data.label) == (0, 1, "category")


def test_it_keeps_nothing_when_the_data_are_not_named(write):
    read, errors = read_partly(write("version: 2\n"), (), {})
    assert read is None
    assert len(errors) == 4
