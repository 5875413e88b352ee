"""Rendered deployments: every target is valid YAML and keeps the server's promises."""

from __future__ import annotations

import json

import pytest
import yaml

from trimtab.core.errors import ConfigError
from trimtab.core.spec import ServeSpec
from trimtab.serve.__main__ import OPTIONS
from trimtab.serve.deploy import TARGETS, render

SPEC = ServeSpec(rest=9000, grpc=9001, drain="20s")


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_ships_an_image_that_is_not_root(target, tiny):
    files = render(target, tiny, SPEC)
    assert "USER 10001" in files["Dockerfile"]
    assert "HEALTHCHECK" in files["Dockerfile"]
    command = json.loads(files["Dockerfile"].splitlines()[-1].removeprefix("CMD "))
    assert command[:4] == ["python", "-m", "trimtab.serve", "/srv/bundle"]
    given = dict(zip(command[4::2], command[5::2], strict=True))
    assert {name.removeprefix("--").replace("-", "_") for name in given} == {*OPTIONS}
    assert given["--rest"] == "9000"
    assert given["--max-bytes"] == "1000000"


def test_compose_waits_longer_than_the_drain(tiny):
    (service,) = yaml.safe_load(render("compose", tiny, SPEC)["compose.yaml"])["services"].values()
    assert service["ports"] == ["9000:9000", "9001:9001"]
    assert int(service["stop_grace_period"].rstrip("s")) > 20


def test_kubernetes_probes_health_and_waits_longer_than_the_drain(tiny):
    deployment, service, autoscaler = yaml.safe_load_all(render("kubernetes", tiny, SPEC)["kubernetes.yaml"])
    assert [one["kind"] for one in (deployment, service, autoscaler)] == [
        "Deployment",
        "Service",
        "HorizontalPodAutoscaler",
    ]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    _, unlisting = container["lifecycle"]["preStop"]["exec"]["command"]
    assert pod["terminationGracePeriodSeconds"] > 20 + int(unlisting)
    assert container["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/v2/health/live"
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
    assert autoscaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]


def test_an_unknown_target_lists_what_exists(tiny):
    with pytest.raises(ConfigError, match="did you mean 'docker'"):
        render("dokcer", tiny, SPEC)
