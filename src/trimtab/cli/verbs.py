"""What each command does: call loop (or the room that does it), print the answer."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimtab.loop.events import write_event

if TYPE_CHECKING:
    from trimtab.core.spec import Spec
    from trimtab.loop.chain import Result
    from trimtab.loop.home import Home

Args = argparse.Namespace
INFEASIBLE = 4


def init(args: Args) -> None:
    """Make a runnable project: commented trimtab.yaml, data, nothing else."""
    from trimtab.loop.init import init as make

    _result(args, {"event": "init", "file": str(make(args.example, args.into, args.if_missing))}, "file")


def profile(args: Args) -> None:
    """Look at rows of any kind: types, gaps, outliers, copies, labels, drift; write a page of pictures."""
    from trimtab.loop.profile import form_of, write_page
    from trimtab.loop.profile import profile as look

    found = look(args.data, args.test, args.text, args.label, form_of(args.overrides))
    page = write_page(found, args.out)
    if args.json:
        write_event({"event": "profile", "page": str(page), **found})
    else:
        from trimtab.loop.tables import show_profile

        show_profile(found, page)


def plan(args: Args) -> None:
    """Show resolved options, every error at once and an estimate of time; start nothing."""
    from trimtab.loop.plan import plan as make

    made = make(args.file, args.overrides)
    if args.json:
        write_event(made.data())
    else:
        from trimtab.loop.tables import show_plan

        show_plan(made)


def run(args: Args) -> int:
    """Run the chain, from raw rows to a measured bundle; resumes where it stopped."""
    with _sigterm_stops():
        result = _run(args)
    if args.json:
        write_event(result.data)
    else:
        from trimtab.loop.tables import show_result

        show_result(result.data)
    if result.verdict == "met":
        return 0
    for near in result.data["nearest"]:
        print(f"budget cannot be met: {near['text']}", file=sys.stderr)
    return INFEASIBLE


def report(args: Args) -> None:
    """Open the one-file HTML report of the latest run."""
    path = _home(args).report(args.run)
    _result(args, {"event": "report", "report": str(path)}, "report")
    if not (args.json or args.no_open):
        import webbrowser

        webbrowser.open(path.resolve().as_uri())


def export(args: Args) -> None:
    """Write a bundle's model for another tool."""
    from trimtab.core.bundle import Bundle
    from trimtab.loop.export import export as write

    bundle = Bundle.open(_bundle(args))
    into = args.into or Path("build") / f"{args.target}-{bundle.version}"
    _result(args, {"event": "export", "folder": str(write(bundle, args.target, into))}, "folder")


def deploy(args: Args) -> None:
    """Write what deploys a bundle: Docker, Compose or Kubernetes files, and the bundle."""
    from trimtab.core.bundle import Bundle
    from trimtab.loop.export import deploy as write

    bundle = Bundle.open(_bundle(args))
    into = args.into or Path("build") / f"{args.target}-{bundle.version}"
    folder = write(bundle, args.target, _spec_or_defaults(args).serve, into)
    _result(args, {"event": "deploy", "folder": str(folder)}, "folder")


def promote(args: Args) -> None:
    """Make a version the champion."""
    with _home(args).releases() as releases:
        releases.promote(args.promoted, {"why": args.why})
    _result(args, {"event": "promote", "champion": args.promoted}, "champion")


def rollback(args: Args) -> None:
    """Make the previous champion the champion again."""
    with _home(args).releases() as releases:
        champion = releases.rollback({"why": args.why})
    _result(args, {"event": "rollback", "champion": champion}, "champion")


def history(args: Args) -> None:
    """Show the audit trail of the registry, its chain of hashes verified."""
    with _home(args).releases() as releases:
        entries, versions = releases.history(), releases.versions()
    if args.json:
        write_event({"event": "history", "log": [asdict(entry) for entry in entries], "versions": versions})
    else:
        from trimtab.loop.tables import show_history

        show_history(entries)


def doctor(args: Args) -> int:
    """Check Python, packages, processor, memory, disk and ports."""
    from trimtab.loop.doctor import examine

    checks = examine(Path.cwd(), _spec_or_defaults(args).serve)
    missing = any(check.state == "missing" for check in checks)
    if args.json:
        write_event({"event": "doctor", "ok": not missing, "checks": [asdict(check) for check in checks]})
    else:
        from trimtab.loop.tables import show_checks

        show_checks(checks)
    return 3 if missing else 0


def schema(args: Args) -> None:
    """Print the JSON Schema of trimtab.yaml, for editors."""
    import json

    from trimtab.core.spec import json_schema

    print(json.dumps(json_schema(), indent=None if args.json else 2, ensure_ascii=False))


def fetch(args: Args) -> None:
    """Download a Hugging Face model for offline use."""
    from trimtab.loop.fetch import fetch as download

    folder = download(args.source, _home(args).hub, args.offline)
    _result(args, {"event": "fetch", "folder": str(folder)}, "folder")


def serve(args: Args) -> int:
    """Serve the champion over REST and gRPC, with metrics and a request log."""
    from trimtab.serve.server import Listening
    from trimtab.serve.server import serve as listen

    spec = _spec_or_defaults(args).serve

    def ready(found: Listening) -> None:
        if args.json:
            write_event({"event": "listening", **asdict(found)})
        else:
            text = (
                f"serving {found.name} {found.version} at {found.rest_url} and, by gRPC, {found.grpc_target}"
            )
            print(
                f"{text}; Ctrl-C stops it, what was accepted is answered first", file=sys.stderr, flush=True
            )

    return listen(_bundle(args), spec, _home(args).requests if spec.log else None, ready)


def bench(args: Args) -> int:
    """Load-test a running service, or a bundle served for it: closed loops, then an open one."""
    from trimtab.core.spec_file import read_spec
    from trimtab.loop import bench as load

    texts = load.lines_of(args.texts) if args.texts else load.texts_of(read_spec(args.file, args.overrides))
    if args.replay:
        load.replay(_bundle(args), texts, _home(args).requests)
    with load.service(args.url, lambda: _bundle(args)) as url:
        summary = load.bench(url, texts, _home(args).bench, args.seconds, args.rate)
    if args.json:
        write_event({"event": "bench", **summary})
    else:
        from trimtab.loop.tables import show_bench

        show_bench(summary)
    return 1 if any(row["errors"] for row in summary["rows"]) else 0


def watch(args: Args) -> None:
    """Look at the request log for drift and slowness; decide, with reasons."""
    from trimtab.loop.watch import watch as look

    home, spec = _home(args), _spec_or_defaults(args)
    known = args.bundle is None or home.registry.is_file()  # else a bundle from elsewhere, and its log
    with home.releases() if known else nullcontext() as releases:
        said = look(_bundle(args), args.log or home.requests, spec.watch, releases, home.root / "watch")
    text = "\n  ".join((said.action, *said.reasons))
    _result(args, {"event": "decision", **asdict(said), "text": text}, "text")


def _run(args: Args) -> Result:
    from trimtab.loop.events import JsonLines, Progress
    from trimtab.loop.fetch import use_hub
    from trimtab.loop.plan import read_and_check

    read_and_check(args.file, args.overrides)  # every mistake is told before anything heavy is loaded
    use_hub(_home(args).hub, args.offline)
    from trimtab.loop.chain import run as chain

    with JsonLines() if args.json else Progress() as tell:
        return chain(args.file, args.overrides, args.offline, tell)


def _result(args: Args, event: dict[str, Any], answer: str) -> None:
    """The one result of a verb: the whole event for machines, its answer for people."""
    if args.json:
        write_event(event)
    else:
        print(event[answer])


def _home(args: Args) -> Home:
    from trimtab.loop.home import Home

    return Home.of(args.file)


def _bundle(args: Args) -> Path:
    """The bundle that is meant: a folder, a version, or the champion."""
    return args.bundle if args.bundle is not None else _home(args).bundle(args.of_version)


def _spec_or_defaults(args: Args) -> Spec:
    """The spec file where there is one; its defaults where a bundle is used without a project."""
    from trimtab.core.spec import Spec
    from trimtab.core.spec_file import read_spec

    if args.file.exists() or args.overrides:
        return read_spec(args.file, args.overrides).spec
    return Spec.model_validate(
        {"version": 1, "task": "text-classification", "data": {"train": ""}, "budget": {}}
    )


@contextmanager
def _sigterm_stops() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: resumable, with exit code 5."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
