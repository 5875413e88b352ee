"""A Kubernetes Deployment, its Service, and a HorizontalPodAutoscaler on processor use."""

from __future__ import annotations

from typing import Any

import yaml

from trimtab.core.bundle import Bundle
from trimtab.core.spec import ServeSpec
from trimtab.serve.deploy.docker import docker
from trimtab.serve.deploy.render import app_name, command, stop_seconds

CPU = "2"
MEMORY = "1Gi"
TARGET_CPU_PERCENT = 70
UNLISTING_SECONDS = 5
"""SIGTERM waits this long: a pod gets requests until every node has heard that it is going."""


def kubernetes(bundle: Bundle, spec: ServeSpec) -> dict[str, str]:
    """The Dockerfile of the image and the manifests that run it."""
    objects = [_deployment(bundle, spec), _service(bundle, spec), _autoscaler(bundle)]
    return {**docker(bundle, spec), "kubernetes.yaml": yaml.safe_dump_all(objects, sort_keys=False)}


def _deployment(bundle: Bundle, spec: ServeSpec) -> dict[str, Any]:
    labels = {"app": app_name(bundle)}
    pod = {
        "terminationGracePeriodSeconds": stop_seconds(spec),
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001},
        "containers": [_container(bundle, spec)],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": app_name(bundle), "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {
                    "labels": labels | {"version": bundle.version},
                    "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": str(spec.rest)},
                },
                "spec": pod,
            },
        },
    }


def _container(bundle: Bundle, spec: ServeSpec) -> dict[str, Any]:
    return {
        "name": "trimtab",
        "image": f"{app_name(bundle)}:{bundle.version}",
        "command": command(spec),
        "ports": [
            {"name": "rest", "containerPort": spec.rest},
            {"name": "grpc", "containerPort": spec.grpc},
        ],
        "env": [
            {
                "name": "TRIMTAB_TOKEN",
                "valueFrom": {"secretKeyRef": {"name": app_name(bundle), "key": "token", "optional": True}},
            }
        ],
        "resources": {"requests": {"cpu": CPU, "memory": MEMORY}, "limits": {"cpu": CPU, "memory": MEMORY}},
        "startupProbe": _probe("live", failureThreshold=30, periodSeconds=2),
        "readinessProbe": _probe("ready", periodSeconds=2),
        "livenessProbe": _probe("live", periodSeconds=10),
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(UNLISTING_SECONDS)]}}},
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True},
    }


def _probe(what: str, **numbers: int) -> dict[str, Any]:
    return {"httpGet": {"path": f"/v2/health/{what}", "port": "rest"}, **numbers}


def _service(bundle: Bundle, spec: ServeSpec) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": app_name(bundle)},
        "spec": {
            "selector": {"app": app_name(bundle)},
            "ports": [
                {"name": "rest", "port": spec.rest, "targetPort": "rest"},
                {"name": "grpc", "port": spec.grpc, "targetPort": "grpc"},
            ],
        },
    }


def _autoscaler(bundle: Bundle) -> dict[str, Any]:
    use = {"type": "Utilization", "averageUtilization": TARGET_CPU_PERCENT}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": app_name(bundle)},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app_name(bundle)},
            "minReplicas": 2,
            "maxReplicas": 10,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": use}}],
        },
    }
