"""Everything REST but the hot paths: health, metadata, metrics and the API's own description, on FastAPI."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from trimtab import __version__
from trimtab.serve.openapi import FAILURE, describe
from trimtab.serve.refusal import Refusal
from trimtab.serve.rest import refused
from trimtab.serve.service import Service

_ERRORS: dict[int | str, dict[str, Any]] = dict.fromkeys((401, 404, 405, 422, 503), FAILURE)


def make_pages(service: Service) -> FastAPI:
    """The application for the quiet paths; /docs is off, because it would load scripts from afar."""
    app = FastAPI(title="trimtab", version=__version__, docs_url=None, redoc_url=None, responses=_ERRORS)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Refusal, _refusal)
    _health(app, service)
    _models(app, service)
    app.openapi = cache(lambda: describe(app, service))  # type: ignore[method-assign]
    return app


def _health(app: FastAPI, service: Service) -> None:
    @app.get("/v2/health/live", summary="Is the server there?")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @app.get("/v2/health/ready", summary="Does it take requests?")
    async def ready() -> dict[str, bool]:
        service.check_ready()
        return {"ready": True}

    @app.get("/metrics", summary="Prometheus metrics", response_class=Response, responses=_TEXT)
    async def metrics() -> Response:
        return Response(service.meter.page(), media_type="text/plain; version=0.0.4")


def _models(app: FastAPI, service: Service) -> None:
    @app.get("/v2", summary="Server metadata")
    async def server() -> dict[str, Any]:
        return service.server_metadata()

    @app.get("/v2/models/{name}", summary="Model metadata")
    async def model(name: str) -> dict[str, Any]:
        service.check_model(name)
        return service.model_metadata()

    @app.get("/v2/models/{name}/versions/{version}", summary="Model metadata of a version")
    async def model_version(name: str, version: str) -> dict[str, Any]:
        service.check_model(name, version)
        return service.model_metadata()

    @app.get("/v2/models/{name}/ready", summary="Does the model take requests?")
    async def model_ready(name: str) -> dict[str, str | bool]:
        service.check_model(name)
        service.check_ready()
        return {"name": name, "ready": True}

    @app.get("/v2/models/{name}/versions/{version}/ready", summary="Does the version take requests?")
    async def version_ready(name: str, version: str) -> dict[str, str | bool]:
        service.check_model(name, version)
        service.check_ready()
        return {"name": name, "ready": True}


_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = f"{request.method} {request.url.path}: {error.detail}; see /openapi.json"
    return JSONResponse({"error": said}, error.status_code, headers=dict(error.headers or {}))


def _invalid(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"{request.method} {request.url.path}: {error}; see /openapi.json"}, 422)


def _refusal(request: Request, error: Exception) -> Response:
    del request
    status, body, headers = refused(error)
    return Response(body, status, {name.decode(): value.decode() for name, value in headers})
