"""Golden errors: what a user does wrong, the one line that says so, and the exit code. Never a traceback.

Each case prepares the small project of `project.py` (its registry holds one tiny bundle) and runs one command
through the real command line, in this process. What each must say stands in golden/errors.txt.
"""

import fcntl
import json
import os
import re
import shutil
import socket
import sqlite3
from contextlib import ExitStack
from pathlib import Path

import pytest

from project import write_registry
from trimtab import cli


def spec(old, new):
    """Replace a part of trimtab.yaml."""

    def damage(project, stack):
        file = project / "trimtab.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    return damage


def write(name, text):
    """Replace a file, given as text or bytes; with None it is removed."""

    def damage(project, stack):
        path = project / name
        if text is None:
            path.unlink()
        else:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    return damage


def change(name, old, new):
    """Replace a part of a file."""

    def damage(project, stack):
        path = project / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return damage


def tamper(project, stack):
    """Change an entry of the audit trail behind the triggers' back."""
    db = sqlite3.connect(project / ".trimtab" / "registry.db")
    db.execute("DROP TRIGGER log_is_append_only_u")
    db.execute("UPDATE log SET body = '{}' WHERE number = 2")
    db.commit()
    db.close()


def lose_previous(project, stack):
    """A second champion, and the bundle of the first is no longer there."""
    write_registry(project, versions=2)
    shutil.rmtree(project / ".trimtab" / "bundle0")


def lock(project, stack):
    """Another run at work."""
    stream = stack.enter_context((project / ".trimtab" / "lock").open("w"))
    stream.write("4711")
    stream.flush()
    fcntl.flock(stream, fcntl.LOCK_EX)


def occupy(port):
    """Another program at a port."""

    def damage(project, stack):
        taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        os.environ[f"TRIMTAB_SERVE__{port}"] = str(taken.getsockname()[1])

    return damage


def nothing(project, stack):
    """The command alone is the mistake."""


def no_registry(project, stack):
    shutil.rmtree(project / ".trimtab")


def folder(name):
    """Something stands there already."""

    def damage(project, stack):
        (project / name).mkdir(parents=True)
        (project / name / "mine.txt").touch()

    return damage


def leave(*rooms):
    """Remove a file of the bundle."""
    return write("/".join((".trimtab/bundle0", *rooms)), None)


BROKEN = "text,label\nmy card,card\nno label\nmy cash,cash\nneither, this,one\n"
BUNDLE = "--bundle .trimtab/bundle0"
CASES = {
    # the command line
    "unknown command": (nothing, "rn", 2),
    "no command": (nothing, "", 2),
    "unknown flag": (nothing, "plan --jsn", 2),
    "no such folder": (nothing, "-C nowhere plan", 2),
    "override without =": (nothing, "plan --set seed", 2),
    "override of nothing": (nothing, "plan --set budget.sise=1MB", 2),
    # the spec
    "no spec": (write("trimtab.yaml", None), "plan", 2),
    "empty spec": (write("trimtab.yaml", ""), "plan", 2),
    "not YAML": (spec("version: 1", "version: [1"), "plan", 2),
    "tab": (spec("version: 1\n", "version: 1\n\tseed: 1\n"), "plan", 2),
    "not UTF-8": (write("trimtab.yaml", b"version: \xff"), "plan", 2),
    "key twice": (spec("version: 1", "version: 1\nversion: 1"), "plan", 2),
    "unknown key": (spec("budget:", "budgt: {}\nbudget:"), "plan", 2),
    "missing key": (spec("train: train.csv, ", ""), "plan", 2),
    "newer format": (spec("version: 1", "version: 2"), "plan", 2),
    "unknown task": (spec("text-classification", "text-clasification"), "plan", 2),
    "budget without unit": (spec("25MB", "25"), "plan", 2),
    "budget of nothing": (spec("15ms", "0ms"), "plan", 2),
    "budget nobody can show": (spec("0.5pt", "0pt"), "plan", 2),
    "unknown step": (spec("drop_duplicates", "drop_duplicate"), "plan", 2),
    "unknown parameter": (spec("similarity", "similarty"), "plan", 2),
    "unknown family": (spec("[textcnn]", "[textcn]"), "plan", 2),
    # the data
    "no data": (write("test.csv", None), "plan", 2),
    "wrong column": (spec("text: text", "text: txt"), "plan", 2),
    "test is train": (spec("test: test.csv", "test: ./train.csv"), "plan", 2),
    "broken CSV": (change("train.csv", "number 0,card", "number 0,card,card"), "run", 2),
    "CSV with an open quote": (change("train.csv", "my card is lost number 3", '"my card'), "run", 2),
    "not UTF-8 data": (write("test.csv", b"text,label\nmy c\xffrd,card\n"), "run", 2),
    "unknown encoding": (spec("label: label}", "label: label, encoding: klingon}"), "plan", 2),
    "long separator": (spec("label: label}", "label: label, separator: '||'}"), "plan", 2),
    "unknown type": (spec("label: label}", "label: label, types: {age: integer}}"), "plan", 2),
    "type of no column": (spec("label: label}", "label: label, types: {age: int}}"), "run", 2),
    "too many bad rows": (write("train.csv", BROKEN), "run --set data.bad_rows=10%", 2),
    "two columns of one name": (write("train.csv", "text,label,label\na,card,card\n"), "run", 2),
    "no file for a pattern": (spec("train: train.csv", "train: rows/*.csv"), "plan", 2),
    "files that differ": (write("train2.csv", "text,class\na,card\n"), "run --set data.train=train*.csv", 2),
    "no JSON": (write("train.jsonl", '{"text": "a"\n'), "run --set data.train=train.jsonl", 2),
    "empty folder": (folder("mine"), "run --set data.train=mine", 2),
    "profile of nothing": (nothing, "profile trian.csv", 2),
    "profile without the column": (nothing, "profile train.csv --text txt", 2),
    "profile with an option of others": (nothing, "profile train.csv --set budget.size=1MB", 2),
    "profile with a date that does not exist": (
        nothing,
        "profile train.csv --set data.decimal=2026-02-30",
        2,
    ),
    "profile of an unknown kind": (write("rows.xlsx", "x"), "profile rows.xlsx", 2),
    "unknown label in test": (change("test.csv", ",cash", ",cahs"), "run", 2),
    "locked": (lock, "run", 3),
    # the registry
    "no registry": (no_registry, "history", 2),
    "not a registry": (
        write(".trimtab/registry.db", "this is no database"),
        "history",
        3,
    ),
    "changed audit trail": (tamper, "history", 3),
    "unknown version": (nothing, "promote abc", 2),
    "no previous champion": (nothing, "rollback", 2),
    "no bundle of the previous champion": (lose_previous, "rollback", 3),
    "no run": (nothing, "report", 2),
    # the bundle
    "no bundle": (nothing, "export --bundle nowhere", 3),
    "not a bundle": (folder("mine"), "serve --bundle mine", 3),
    "wrong checksum": (change(".trimtab/bundle0/steps.json", "tokens", "tokenz"), f"serve {BUNDLE}", 3),
    "incomplete bundle": (leave("model", "model.onnx"), f"export {BUNDLE}", 3),
    "no checksums": (leave("checksums.json"), f"deploy {BUNDLE}", 3),
    # serving, watching, and the rest
    "REST port in use": (occupy("REST"), "serve --set serve.grpc=0", 3),
    "gRPC port in use": (occupy("GRPC"), "serve --set serve.rest=0", 3),
    "no service": (nothing, "bench --url http://127.0.0.1:9 --seconds 1", 3),
    "no texts": (write("mine.txt", "\n\n"), "bench --texts mine.txt", 2),
    "no request log": (nothing, "watch", 2),
    "retraining by itself": (nothing, "plan --set watch.retrain=auto", 2),
    "log too small to keep": (nothing, "serve --set serve.log_size=10kB", 2),
    "unknown export": (nothing, "export onx", 2),
    "unknown deploy target": (nothing, "deploy doker", 2),
    "export over files": (folder("mine"), "export --into mine", 2),
    "init over a project": (nothing, "init", 2),
    "unknown example": (nothing, "init banking78", 2),
    "fetch offline": (nothing, "fetch org/model --offline", 3),
}


@pytest.fixture
def broken(project, monkeypatch):
    write_registry(project)
    for port in ("REST", "GRPC"):  # so that what a case sets is gone after it
        monkeypatch.setenv(f"TRIMTAB_SERVE__{port}", "0")
        monkeypatch.delenv(f"TRIMTAB_SERVE__{port}")
    with ExitStack() as stack:
        yield lambda damage: damage(project, stack)


def golden():
    """The expected text of each case, by name."""
    text = (Path(__file__).parent / "golden" / "errors.txt").read_text()
    return dict(re.findall(r"^\[(.+)\]\n((?:error: .+\n)+)", text, flags=re.M))


def pattern(expected):
    """The expected text as a regular expression: `...` is anything within a line."""
    return re.escape(expected).replace(r"\.\.\.", "[^\n]*")


@pytest.mark.parametrize("name", CASES)
def test_it_is_one_line_with_place_and_remedy(broken, capsys, name):
    damage, command, code = CASES[name]
    broken(damage)
    assert cli.main(command.split()) == code
    said = capsys.readouterr().err.replace(f"{Path.cwd()}/", "~/")
    assert re.fullmatch(pattern(golden()[name]), said), said
    assert "Traceback" not in said


def test_there_are_thirty_of_them():
    assert len(CASES) >= 30
    assert set(golden()) == set(CASES)


def test_with_json_each_has_place_problem_and_remedy(broken, capsys):
    broken(spec("25MB", "25"))
    cli.main(["plan", "--json"])
    event = json.loads(capsys.readouterr().out)
    assert event["place"] == "trimtab.yaml:6"
    assert event["problem"] == "budget.size is 25, the unit is missing"
    assert event["remedy"].startswith("allowed: a size such as 25MB")
