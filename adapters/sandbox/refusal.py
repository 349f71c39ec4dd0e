"""How the sandbox's forge says no: to a request with a status, to a script with the same words."""

from collections.abc import Mapping

from sops.kit.errors import FarEndRefused


class Refusal(FarEndRefused):
    """The sandbox understood and said no; `status` is what HTTP calls it.

    As text it is the reason: `message`, or what `errors` add where that says more.
    """

    def __init__(self, status: int, message: str, errors: tuple[Mapping[str, str] | str, ...] = ()) -> None:
        super().__init__("; ".join(_reason(error, message) for error in errors) or message)
        self.status = status
        self.message = message
        self.errors = errors


def not_found() -> Refusal:
    return Refusal(404, "Not Found")


def invalid(resource: str, field: str, code: str = "invalid") -> Refusal:
    """A field that is missing or makes no sense, in the forge's shape."""
    return Refusal(422, "Validation Failed", ({"resource": resource, "field": field, "code": code},))


def refused(resource: str, message: str) -> Refusal:
    """A request that is well formed and still impossible, with the reason in words."""
    return Refusal(422, "Validation Failed", ({"resource": resource, "code": "custom", "message": message},))


def _reason(error: Mapping[str, str] | str, message: str) -> str:
    if isinstance(error, str):
        return error
    return error.get("message") or f"{message}: {error['resource']}.{error['field']} {error['code']}"
