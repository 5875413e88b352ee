"""Files that deploy a bundle: Docker, Compose, Kubernetes."""

from trimtab.core.registry import Registry
from trimtab.serve.deploy.render import render

TARGETS = Registry(
    "deploy target",
    "trimtab.serve.deploy",
    {
        "docker": "trimtab.serve.deploy.docker:docker",
        "compose": "trimtab.serve.deploy.docker:compose",
        "kubernetes": "trimtab.serve.deploy.kubernetes:kubernetes",
    },
)

__all__ = ["TARGETS", "render"]
