"""The command line through its own entry: results on stdout, words on stderr, exit codes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from project import write_registry
from tiny import profiled_bundle
from trimtab import __version__, cli
from trimtab.cli.parser import VERBS
from trimtab.core.requests import read_requests
from until import HANGS


def run(capsys, *words):
    """Exit code, stdout, stderr."""
    code = cli.main(list(words))
    return code, *capsys.readouterr()


def test_it_says_its_version(capsys):
    with pytest.raises(SystemExit) as done:
        cli.main(["--version"])
    assert done.value.code == 0
    assert capsys.readouterr().out == f"trimtab {__version__}\n"


def test_its_help_lists_every_command(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert all(f"\n    {verb.__name__} " in text for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_a_help(capsys, verb):
    with pytest.raises(SystemExit) as done:
        cli.main([verb.__name__, "--help"])
    assert done.value.code == 0
    assert verb.__doc__.split()[0] in capsys.readouterr().out


def test_it_takes_global_options_before_and_after_the_command(project, capsys):
    code, out, _ = run(capsys, "--json", "--set", "seed=1", "plan", "--set", "tune.trials=7")
    values = {one["option"]: one["value"] for one in json.loads(out)["options"]}
    assert (code, values["seed"], values["tune.trials"]) == (0, 1, 7)


def test_it_works_in_another_folder(project, capsys, monkeypatch):
    monkeypatch.chdir(project.parent)
    code, out, _ = run(capsys, "-C", "project", "plan", "--json")
    assert (code, json.loads(out)["file"]) == (0, "trimtab.yaml")


def test_it_takes_another_file(project, capsys):
    (project / "trimtab.yaml").rename("other.yaml")
    assert run(capsys, "plan", "--file", "other.yaml", "--json")[0] == 0


def test_plan_shows_options_origins_and_an_estimate(project, capsys):
    code, out, err = run(capsys, "plan", "--set", "seed=9")
    assert code == 0
    assert err.startswith("note: 12 validation rows cannot show")
    (seed,) = (line for line in out.splitlines() if line.startswith("seed "))
    assert seed.split() == ["seed", "9", "--set", "seed"]
    assert "An estimate, not a promise" in out


def test_init_makes_a_project_and_prints_its_file(tmp_path, capsys):
    code, out, _ = run(capsys, "init", "banking77", "--into", str(tmp_path / "demo"))
    assert (code, out) == (0, f"{tmp_path / 'demo' / 'trimtab.yaml'}\n")
    assert run(capsys, "init", "banking77", "--into", str(tmp_path / "demo"), "--if-missing")[0] == 0


def test_schema_is_json(capsys):
    code, out, _ = run(capsys, "schema")
    assert code == 0
    assert json.loads(out)["title"] == "Spec"


def test_doctor_lists_its_checks(project, capsys):
    code, out, _ = run(capsys, "doctor", "--json", "--set", "serve.rest=0", "--set", "serve.grpc=0")
    assert code == 0
    assert json.loads(out)["ok"]
    assert run(capsys, "doctor")[0] == 0


def test_it_promotes_rolls_back_and_remembers(project, capsys):
    one, two = write_registry(project, versions=2)
    assert run(capsys, "promote", one, "--why", "it was better") == (0, f"{one}\n", "")
    assert run(capsys, "rollback", "--json")[1] == json.dumps({"event": "rollback", "champion": two}) + "\n"
    code, out, _ = run(capsys, "history", "--json")
    found = json.loads(out)
    assert code == 0
    assert [entry["action"] for entry in found["log"][-2:]] == ["promote", "rollback"]
    assert found["log"][-2]["body"]["why"] == "it was better"
    assert {row["version"]: row["aliases"] for row in found["versions"]} == {
        two: ["champion"],
        one: ["previous"],
    }
    assert "it was better" in run(capsys, "history")[1]


def test_it_exports_the_champion_or_a_named_bundle(project, capsys):
    (champion,) = write_registry(project)
    code, out, _ = run(capsys, "export", "onnx")
    assert (code, out) == (0, f"build/onnx-{champion}\n")
    code, out, _ = run(capsys, "export", "--bundle", ".trimtab/bundle0", "--into", "mine", "--json")
    assert json.loads(out) == {"event": "export", "folder": "mine"}


@pytest.mark.parametrize("target", ["docker", "compose", "kubernetes"])
def test_it_writes_what_deploys_the_champion(project, capsys, target):
    (champion,) = write_registry(project)
    code, out, _ = run(capsys, "deploy", target)
    assert (code, out) == (0, f"build/{target}-{champion}\n")
    assert (project / out.strip() / "bundle" / "bundle.json").is_file()
    assert len(list((project / out.strip()).iterdir())) >= 2


def test_it_benches_the_champion(project, capsys):
    write_registry(project)
    code, out, _ = run(capsys, "bench", "--seconds", "0.3", "--json")
    found = json.loads(out)
    assert code == 0
    assert [(row["loop"], row["concurrency"]) for row in found["rows"]] == [
        ("closed", 1),
        ("closed", 8),
        ("closed", 32),
        ("closed", 128),
        ("open", 128),
    ]
    assert all(row["qps"] > 0 and not row["errors"] for row in found["rows"])
    assert len(list((project / found["raw"]).iterdir())) == 6


@pytest.mark.parametrize("url", ["host:8080", "https://host:1", "http://host", "http://h:x", "http://h:1/v2"])
def test_it_benches_no_address_but_the_one_named(project, capsys, url):
    code, _, err = run(capsys, "bench", "--url", url)
    assert (code, err) == (
        2,
        f"error: --url {url}: is no address that can be asked; write http://HOST:PORT\n",
    )


def test_it_benches_for_some_time(project, capsys):
    code, _, err = run(capsys, "bench", "--seconds", "0")
    assert code == 2
    assert "'0' is no number above 0" in err


def test_it_replays_texts_once(project, capsys):
    write_registry(project)
    words = ("bench", "--replay", "--seconds", "0.2", "--json")
    assert run(capsys, *words)[0] == 0
    log = project / ".trimtab" / "requests"
    logged = [one.text for one in read_requests(log)]
    assert len(logged) == 60
    assert "nothing is replayed" in run(capsys, *words)[2]
    assert [one.text for one in read_requests(log)] == logged


def test_it_watches_a_bundle_and_a_log_from_elsewhere(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bundle = profiled_bundle(tmp_path / "there", {}, train_rows=50, valid_rows=100)
    (tmp_path / "log").mkdir()
    code, out, _ = run(capsys, "watch", "--bundle", str(bundle.folder), "--log", "log", "--json")
    assert (code, json.loads(out)["action"]) == (0, "keep")


def test_offline_can_be_said_by_a_variable(project, capsys, monkeypatch):
    monkeypatch.setenv("TRIMTAB_OFFLINE", "1")
    code, _, err = run(capsys, "fetch", "org/model")
    assert code == 3
    assert "--offline forbids it" in err


def test_report_prints_the_latest_one(project, capsys):
    for at, name in enumerate(("old", "new")):
        path = project / ".trimtab" / "runs" / name / "report.html"
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (at, at))
    assert run(capsys, "report", "--no-open")[1] == ".trimtab/runs/new/report.html\n"
    assert run(capsys, "report", "old", "--no-open")[1] == ".trimtab/runs/old/report.html\n"


def test_with_json_an_error_is_an_event_too(project, capsys):
    code, out, err = run(capsys, "plan", "--json", "--set", "seed=x", "--set", "tune.trials=0")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert [event["place"] for event in events] == ["--set tune.trials", "--set seed"]
    assert {(event["event"], event["exit_code"]) for event in events} == {("error", 2)}
    assert [line[:7] for line in err.splitlines()] == ["error: "] * 2


@pytest.fixture
def plan_with(project, capsys, monkeypatch):
    """`plan` whose estimate raises an error: exit code, stdout, stderr."""
    del project

    def plan(error):
        def broken(*_):
            raise error

        monkeypatch.setattr("trimtab.loop.plan.estimate", broken)
        return run(capsys, "plan")

    return plan


def test_a_defect_is_one_line_with_its_place(plan_with, capsys):
    code, _, err = plan_with(KeyError("lost"))
    assert code == 70
    assert err.startswith("error: ")
    assert err.endswith(": KeyError: 'lost'; run again with --debug for the traceback\n")
    assert err.count("\n") == 1
    assert "Traceback" in run(capsys, "plan", "--debug")[2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_can_be_resumed(project, capsys, monkeypatch, number):
    def killed(*_):
        os.kill(os.getpid(), number)
        time.sleep(5)

    monkeypatch.setattr("trimtab.loop.chain.run", killed)
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has it ignored
    code, _, err = run(capsys, "run")
    assert (code, err) == (5, "error: trimtab run: stopped; run the same command again to go on\n")
    assert signal.getsignal(signal.SIGTERM) is before


def test_it_is_quiet_when_its_reader_goes_away_and_does_not_say_done(project):
    unread, out = os.pipe()
    os.close(unread)
    command = [sys.executable, "-m", "trimtab", "plan", "--json"]
    done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False, cwd=project)
    os.close(out)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_a_pipe_that_breaks_elsewhere_is_no_reader_that_went_away(plan_with):
    code, _, err = plan_with(BrokenPipeError("the pipe to another process"))
    assert code == 70
    assert "BrokenPipeError: the pipe to another process" in err


def test_it_serves_the_champion_until_it_is_stopped(project):
    (champion,) = write_registry(project)
    command = [sys.executable, "-m", "trimtab", "serve", "--json"]
    ports = ["--set", "serve.rest=0", "--set", "serve.grpc=0"]
    with subprocess.Popen([*command, *ports], cwd=project, stdout=subprocess.PIPE, text=True) as service:
        event = json.loads(service.stdout.readline())
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=HANGS) == 0
    assert (event["event"], event["version"]) == ("listening", champion)
    assert list((project / ".trimtab" / "requests").iterdir())
