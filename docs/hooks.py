"""Writes the reference pages from the code itself: spec options, command line, registries, Python modules."""

from __future__ import annotations

import argparse
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from trimtab.core.build_step import parameters
from trimtab.core.registry import Registry
from trimtab.core.spec import Spec
from trimtab.core.step import Step

SOURCE = Path(__file__).parents[1] / "src" / "trimtab"
RESULTS = Path(__file__).parents[1] / "bench" / "results"
ROOMS = (
    "core", "data", "features", "runtime", "models",
    "tune", "compress", "serve", "monitor", "experiment", "loop",
)  # fmt: skip


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those written by hand."""
    for name, content in {
        "spec": spec_page(),
        "cli": cli_page(),
        "registries": registries_page(),
        "steps": steps_page(),
        "python": python_page(),
    }.items():
        files.append(File.generated(config, f"reference/{name}.md", content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables of the benchmarks, from their kept results, where a page asks `<!-- table: NAME -->`.

    `NAME.PART` names a list of rows in the result that is not its `rows`.
    """
    return re.sub(r"<!-- table: (\w+)\.?(\w+)? -->", lambda found: table(found[1], found[2]), markdown)


def table(name: str, part: str | None = None) -> str:
    """The rows in bench/results/NAME.json as a table, with machine and date; those in `part` where given."""
    result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    machine, rows = result["machine"], result[part or "rows"]
    box = f"{machine['cpu']}, {machine['threads']} threads"
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [
        f"Measured on {machine['date'][:10]}: {box}{_origin(result)}.",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(_cell(row.get(key)) for key in columns) + " |" for row in rows),
    ]
    if "ratios" in result and part is None:
        lines += ["", "| ratio | median | lowest | highest | goal |", "|---|---|---|---|---|"]
        lines += [
            f"| {what} | {of['median']} | {of['low']} | {of['high']} | {of.get('goal') or ''} |"
            for what, of in result["ratios"].items()
        ]
    return "\n".join(lines)


def _origin(result: dict[str, Any]) -> str:
    """Commit, run and bundle, as far as the result names them."""
    subject = result.get("subject", {})
    named = {"commit": result.get("commit"), "run": subject.get("run"), "bundle": subject.get("version")}
    return "".join(f", {what} `{name}`" for what, name in named.items() if name)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return " to ".join(_cell(one) for one in value)
    return str(value)


def spec_page() -> str:
    """Every option of the spec, from the pydantic models."""
    parts = [
        "# Options of the spec",
        "Generated from the models that read the file. [The spec file](../guide/spec.md) explains units, "
        "precedence and how steps are written; `trimtab schema` prints the same as JSON Schema for editors.",
    ]
    for path, field in spec_options():
        if model := _model(field):
            parts += [f"## `{path}` {{ #{path} }}", inspect.getdoc(model) or ""]
        else:
            parts.append(
                f"### `{path}` {{ #{path} }}\n\n{_sentence(field.description or '')}\n\n{_facts(field)}"
            )
    return "\n\n".join(parts) + "\n"


def spec_options(model: type[BaseModel] = Spec, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Dotted name and field of every section and option; options of the file itself come first."""
    named = [(f"{prefix}{name}", field) for name, field in model.model_fields.items()]
    for path, field in sorted(named, key=lambda one: _model(one[1]) is not None):
        yield path, field
        if section := _model(field):
            yield from spec_options(section, f"{path}.")


def cli_page() -> str:
    """Every verb with its help, from the parser itself."""
    from trimtab.cli import parser

    root = parser()
    parts = [
        "# Command line",
        "Human text goes to stderr, results to stdout. [Results for machines](../guide/results.md) lists "
        "exit codes and the objects that `--json` prints.",
        _help(root),
    ]
    for name, verb in _verbs(root):
        parts += [f"## `trimtab {name}`", _help(verb)]
    return "\n\n".join(parts) + "\n"


def registries_page() -> str:
    """Every entry of every registry, with its docstring and parameters."""
    parts = [
        "# Registries",
        "What can be named in the spec, room by room. Another package adds an entry through the "
        "entry-point group given with each registry; an unknown name lists what exists and the nearest "
        "spelling.",
    ]
    for room, registry in registries():
        anchor = registry.group.removeprefix("trimtab.").replace(".", "-")
        title = _plural(registry.kind.capitalize())
        parts.append(f"## {title} {{ #{anchor} }}\n\nEntry-point group `{registry.group}`.")
        for name in registry:
            entry = registry.load(name)
            parts.append(f"### `{name}` {{ #{room}-{name} }}\n\n{_document(entry)}")
    return "\n\n".join(parts) + "\n"


def registries() -> Iterator[tuple[str, Registry]]:
    """Every registry with its room, in the order of the layers; that of a part of a room is `room/part`."""
    for room in ROOMS:
        parts = sorted(path.parent.name for path in (SOURCE / room).glob("*/__init__.py"))
        for module in (room, *(f"{room}.{part}" for part in parts)):
            for value in list(vars(import_module(f"trimtab.{module}")).values()):
                if isinstance(value, Registry) and value.group.startswith(f"trimtab.{module}"):
                    yield module.replace(".", "/"), value


def steps_page() -> str:
    """Every step that stands alone: its class, its name in the spec, and what it is."""
    parts = [
        "# Steps by themselves",
        "The classes of `trimtab.data.steps` and `trimtab.features.steps`; "
        "[the guide](../guide/alone.md) says how they are used. The parameters are those of the step.",
    ]
    for room in ("data", "features"):
        module = import_module(f"trimtab.{room}.steps")
        rows = [_class_row(room, getattr(module, name)()) for name in module.__all__]
        head = ["| class | step | is | X |", "|---|---|---|---|"]
        parts += [f"## trimtab.{room}.steps", "\n".join([*head, *rows])]
    return "\n\n".join(parts) + "\n"


def _class_row(room: str, made: Any) -> str:
    step = f"[`{made.entry.name}`](registries.md#{room}-{made.entry.name})"
    return f"| `{type(made).__name__}` | {step} | {_role(made)} | {_input(made)} |"


def _role(estimator: Any) -> str:
    """Transformer or sampler; both where a parameter says which."""
    kinds = [one for one in ("transform", "fit_resample") if hasattr(type(estimator), one)]
    if len(kinds) == 2:
        return f"by `action`; by default a {'transformer' if hasattr(estimator, 'transform') else 'sampler'}"
    return "transformer" if kinds == ["transform"] else "sampler"


def _input(estimator: Any) -> str:
    """What the step reads."""
    kind = estimator.entry.kind  # its class: some steps cannot be made without an argument
    alone = kind.accepts in ({"text"}, {"image"})
    read = [] if alone else ["a table"]
    if alone or kind.single is True:
        read += [name for one, name in (("text", "texts"), ("image", "pictures")) if one in kind.accepts]
    return " or ".join(read) + (", and y" if estimator.__sklearn_tags__().target_tags.required else "")


def python_page() -> str:
    """The public names of every module, from docstrings; nothing is imported for it."""
    parts = [
        "# Python",
        "What has no underscore is a promise. The front doors are `trimtab.run` and `trimtab.load`:",
        '```python\nfrom trimtab import load, run\n\nresult = run("trimtab.yaml")\n'
        'load(result.bundle).predict(["I lost my card"])\n```',
    ]
    for room in ROOMS:
        parts.append(f"## {room}")
        parts += [f"::: {module}" for module in _modules(SOURCE / room)]
    return "\n\n".join(parts) + "\n"


def _modules(folder: Path) -> list[str]:
    """Dotted names of the modules of a room that have something public to say."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(SOURCE.parent).with_suffix("")
        if path.name.startswith("_") or path.stem.endswith(("_pb2", "_pb2_grpc")):
            continue
        found.append(".".join(name.parts))
    return found


def _model(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _facts(field: FieldInfo) -> str:
    """Default and bounds, as a small list."""
    default = "must be given" if field.is_required() else f"default `{_plain(field.get_default())}`"
    return "\n".join(f"- {fact}" for fact in [default, *_bounds(field.metadata)])


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return "[" + ", ".join(str(getattr(item, "name", item)) for item in value) + "]"
    return "not set" if value is None else value


def _document(entry: Any) -> str:
    """The docstring; for a step its parameters too."""
    parts = [inspect.getdoc(entry) or ""]
    if isinstance(entry, type) and issubclass(entry, Step):
        defaults = {one.name: one.default for one in fields(entry)}
        rows = [
            f"| `{name}` | {_type(kind)} | `{_plain(defaults[name])}` |"
            for name, kind in parameters(entry).items()
        ]
        head = "| parameter | allowed | default |\n|---|---|---|\n"
        parts.append(head + "\n".join(rows) if rows else "No parameters.")
    return "\n\n".join(parts)


def _type(kind: Any) -> str:
    """A type with its bounds in words: `float`, over `0`, at most `1`."""
    if get_origin(kind) is Annotated:
        plain, *metadata = get_args(kind)
        return ", ".join([_type(plain), *_bounds(FieldInfo.from_annotation(kind).metadata or metadata)])
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    written = kind.__name__ if type(kind) is type else str(kind)
    return f"`{written.replace('|', 'or')}`"


def _bounds(metadata: Iterable[Any]) -> list[str]:
    signs = {"gt": "over", "ge": "at least", "lt": "below", "le": "at most"}
    return [
        f"{said} `{getattr(bound, sign)}`"
        for bound in metadata
        for sign, said in signs.items()
        if hasattr(bound, sign)
    ]


def _verbs(root: argparse.ArgumentParser, prefix: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in root._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, verb in action.choices.items():
                yield f"{prefix}{name}", verb
                yield from _verbs(verb, f"{prefix}{name} ")


def _help(parser: argparse.ArgumentParser) -> str:
    """The help at a fixed width; argparse would ask the terminal, and every machine's page differ."""
    parser.formatter_class = partial(parser.formatter_class, width=100)  # type: ignore[assignment]
    return f"```text\n{parser.format_help().strip()}\n```"


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
