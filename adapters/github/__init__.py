"""GitHub through PyGithub: the `Forge` port for one repository."""

from adapters.github.forge import GitHubForge

__all__ = ["GitHubForge"]
