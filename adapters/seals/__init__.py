"""Seals of the record, outside the database: signed with an SSH key, and kept in a file."""

from adapters.seals.file import SealFile
from adapters.seals.ssh import SshSealSigner, verified

__all__ = ["SealFile", "SshSealSigner", "verified"]
