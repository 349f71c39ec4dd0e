"""The settings a run is pinned to, exactly as they were stored.

What this build adds to the settings is not filled in when the run is stored again, and what another build added is not
lost: the bytes stay, and an approval is bound to them.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import ConfigDict, PrivateAttr, model_serializer, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler

from sops.kit.policy import Policy

MOST_KNOWN = 256
_known: dict[str, "PinnedPolicy"] = {}


class PinnedPolicy(Policy):
    """A policy that is stored as it was read. A setting it lacks has this build's default."""

    model_config = ConfigDict(frozen=True, extra="allow")
    _stored: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """These settings as they are now, every default among them, for good."""
        return cls.model_validate(policy)

    @model_validator(mode="wrap")
    @classmethod
    def _as_stored(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Any:
        if isinstance(given, PinnedPolicy):
            return given
        stored = given.model_dump(mode="json") if isinstance(given, Policy) else given
        text = _text(stored)
        found = _known.get(text)  # many runs share their settings, and a run is read often
        if found is None:
            found = handler(stored)
            found._stored = stored
            if len(_known) >= MOST_KNOWN:
                _known.clear()
            _known[text] = found
        return found

    @model_serializer(mode="plain")
    def _dumped(self) -> dict[str, Any]:
        return dict(self._stored)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the settings as they were stored, hexadecimal."""
        return hashlib.sha256(_text(self._stored).encode()).hexdigest()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same with some settings changed."""
        plain = Policy.model_construct(**{name: getattr(self, name) for name in Policy.model_fields})
        changed = plain.model_copy(update=update).model_dump(mode="json")
        return type(self).model_validate({**self._stored, **changed}, extra="allow")


def _text(stored: Any) -> str:
    return json.dumps(stored, separators=(",", ":"), ensure_ascii=False)
