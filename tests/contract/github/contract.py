"""GitHub's published shapes as an oracle: routes an exchange to its operation and lists what deviates.

The description is cut to the operations Sopwith needs. `discriminator` is dropped: it repeats what oneOf says and
names types the cut left out.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import ValidationError
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, oas30_format_checker

from adapters.sandbox.faults import Exchange

SHAPES = Path(__file__).parent.parent / "shapes"
Json = Any


@cache
def description() -> Mapping[str, Json]:
    whole: Mapping[str, Json] = _without_discriminators(json.loads((SHAPES / "github-rest.json").read_text()))
    return whole


def operation(method: str, template: str) -> Mapping[str, Json] | None:
    found: Mapping[str, Json] | None = description()["paths"].get(template, {}).get(method.lower())
    return found


def answer_deviations(exchange: Exchange) -> Iterator[str]:
    """One line for each way in which the answer is not what GitHub describes."""
    described = operation(exchange.method, exchange.route)
    if described is None:
        yield f"{_name(exchange)}: no such operation"
        return
    response = _resolved(described["responses"].get(str(exchange.status), {}))
    if not response:
        yield f"{_name(exchange)}: status not described"
        return
    kind = exchange.media_type.partition(";")[0]
    content = response.get("content", {}).get(kind)
    if content is None:
        if exchange.response:
            yield f"{_name(exchange)}: {kind} not described"
        return
    schema = {**content["schema"], "components": description()["components"]}
    validator = OAS30ReadValidator(schema, format_checker=oas30_format_checker)
    for error in validator.iter_errors(json.loads(exchange.response)):
        yield f"{_name(exchange)}: {_fault(error)}"


def request_deviations(exchange: Exchange) -> Iterator[str]:
    """One line for each query parameter GitHub does not know and each way the body is not what it takes."""
    described = operation(exchange.method, exchange.route) or {}
    parameters = [_resolved(parameter) for parameter in described.get("parameters", ())]
    known = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    for name in re.findall(r"(?:^|&)([^=&]+)", exchange.query):
        if name not in known:
            yield f"{_name(exchange)}: query parameter {name} not described"
    if not exchange.request:
        return
    body = _resolved(described.get("requestBody", {})).get("content", {}).get("application/json")
    if body is None:
        yield f"{_name(exchange)}: takes no body"
        return
    schema = {**body["schema"], "components": description()["components"]}
    validator = OAS30WriteValidator(schema, format_checker=oas30_format_checker)
    for error in validator.iter_errors(json.loads(exchange.request)):
        yield f"{_name(exchange)}: body {_fault(error)}"


def _name(exchange: Exchange) -> str:
    return f"{exchange.method} {exchange.route} {exchange.status}"


def _resolved(value: Mapping[str, Json]) -> Mapping[str, Json]:
    while "$ref" in value:
        target: Json = description()
        for key in value["$ref"].split("/")[1:]:
            target = target[key]
        value = target
    return value


def _without_discriminators(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _without_discriminators(v) for k, v in value.items() if k != "discriminator"}
    if isinstance(value, list):
        return [_without_discriminators(item) for item in value]
    return value


def _fault(error: ValidationError) -> str:
    """Where in the document, whichever element of a list it is, and what is wrong there."""
    where = re.sub(r"\[\d+\]", "[*]", error.json_path)
    what = f"{error.validator} does not hold" if error.validator in ("oneOf", "anyOf") else error.message
    return f"{where} {what}"
