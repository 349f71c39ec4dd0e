"""The git remote behind the forge, with GitPython."""

from adapters.git.command import Limits, Token
from adapters.git.mirror import GitMirror
from adapters.git.signing import Signing, make_demo_signer, stop_gpg_agent

__all__ = ["GitMirror", "Limits", "Signing", "Token", "make_demo_signer", "stop_gpg_agent"]
