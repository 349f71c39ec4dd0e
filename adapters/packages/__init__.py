"""An index of language packages."""

from adapters.packages.simple import SimpleIndex

__all__ = ["SimpleIndex"]
