"""The sandbox: everything real except the far end."""

from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld

__all__ = ["SandboxWorld", "VirtualClock"]
