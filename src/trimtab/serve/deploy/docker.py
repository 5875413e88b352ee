"""A container image, and a Compose file that runs it."""

from __future__ import annotations

import json
import sys
from importlib import metadata

import yaml

from trimtab.core.bundle import Bundle
from trimtab.core.packages import required
from trimtab.core.spec import ServeSpec
from trimtab.serve.deploy.render import CODE, app_name, command, stop_seconds

_DOCKERFILE = """\
# Serves bundle {version}. Build it in the folder that has the bundle as bundle/:
#   docker build -t {name}:{version} .
FROM python:{python}-slim
COPY requirements.txt /srv/
RUN pip install --no-cache-dir --requirement /srv/requirements.txt \\
  && useradd --create-home --uid 10001 trimtab
COPY {code} /srv/{code}
COPY bundle /srv/bundle
USER 10001
ENV PYTHONPATH=/srv PYTHONUNBUFFERED=1
EXPOSE {rest} {grpc}
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \\
  CMD ["python", "-c", "{probe}"]
CMD {command}
"""


def docker(bundle: Bundle, spec: ServeSpec) -> dict[str, str]:
    """A Dockerfile: slim, not root, with a health check.

    It copies the trimtab that runs here, and installs what serving needs in the versions that are installed
    here: what is served is what was measured, and no package index has to know of it.
    """
    probe = (
        f"import urllib.request as u; u.urlopen('http://127.0.0.1:{spec.rest}/v2/health/ready', timeout=2)"
    )
    text = _DOCKERFILE.format(
        name=app_name(bundle),
        version=bundle.version,
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        code=CODE,
        rest=spec.rest,
        grpc=spec.grpc,
        probe=probe,
        command=json.dumps(command(spec)),
    )
    listed = f"*\n!bundle\n!{CODE}\n!requirements.txt\n"
    return {"Dockerfile": text, ".dockerignore": listed, "requirements.txt": _requirements()}


def _requirements() -> str:
    """The packages of every install of trimtab, as they are here; those of an extra serve nothing."""
    return "".join(f"{name}=={metadata.version(name)}\n" for name in required())


def compose(bundle: Bundle, spec: ServeSpec) -> dict[str, str]:
    """The Dockerfile and a Compose file; the token, if any, comes from the environment."""
    service = {
        "build": ".",
        "image": f"{app_name(bundle)}:{bundle.version}",
        "ports": [f"{spec.rest}:{spec.rest}", f"{spec.grpc}:{spec.grpc}"],
        "environment": {"TRIMTAB_TOKEN": "${TRIMTAB_TOKEN:-}"},
        "restart": "unless-stopped",
        "stop_grace_period": f"{stop_seconds(spec)}s",
        "read_only": True,
        "tmpfs": ["/tmp"],
    }
    text = yaml.safe_dump({"services": {app_name(bundle): service}}, sort_keys=False)
    return {**docker(bundle, spec), "compose.yaml": text}
