"""Owns the OpenAPI 3.1 document, made from the route tables; knows no route's work."""

from __future__ import annotations

import re
from collections.abc import Sequence

from collab import __version__
from collab.web.routes import Field, Route

_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "correlation_id"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "correlation_id": {}},
        }
    },
}


def openapi_document(routes: Sequence[Route]) -> dict[str, object]:
    """The description of these routes for machines."""
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "livefolder", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": "collab_session"},
            },
        },
        "security": [{"bearer": []}, {"session": []}, {}],
    }


def _operation(route: Route) -> dict[str, object]:
    good: dict[str, object] = {"description": "Done"}
    if route.result:
        good["content"] = {"application/json": {"schema": route.result}}
    error = {"description": "Refused", "content": {"application/json": {"schema": _reference("Error")}}}
    operation: dict[str, object] = {
        "summary": route.summary,
        "operationId": route.answer.__name__,
        "x-permission": route.permission.value,
        "parameters": [*map(_path_parameter, _PARAMETER.findall(route.path)), *map(_query_parameter, route.query)],
        "responses": {str(route.status): good, "default": error},
    }
    if route.raw_body:
        operation["requestBody"] = {"content": {"application/octet-stream": {}}, "required": True}
    elif route.method in {"POST", "PUT"}:
        operation["requestBody"] = {"content": {"application/json": {"schema": _body_schema(route.body)}}}
    return operation


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _path_parameter(name: str) -> dict[str, object]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameter(item: Field) -> dict[str, object]:
    return {
        "name": item.name,
        "in": "query",
        "required": item.required,
        "description": item.text,
        "schema": {"type": item.kind},
    }


def _body_schema(fields: Sequence[Field]) -> dict[str, object]:
    return {
        "type": "object",
        "required": [item.name for item in fields if item.required],
        "properties": {item.name: {"type": item.kind, "description": item.text} for item in fields},
    }
