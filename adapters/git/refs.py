"""What may reach git as a name: refs, paths, SHAs, messages and URLs, checked before any process starts.

Narrower than git's own rules (git-check-ref-format) on purpose: plain ASCII refs, no name git could read as
an option, a revision expression or another ref. Calls raise FarEndRefused, the constructor's arguments
ConfigurationError.
"""

import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from sops.kit.errors import ConfigurationError, FarEndRefused
from sops.kit.patterns import Pattern

_REF = Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.+#@=,/-]{0,199}")
_SHA = Pattern(r"[0-9a-f]{40}")
_SCP_LIKE = Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s:][^\s]*")
_SCHEMES = ("https", "ssh", "file")
_DISGUISES_OF_DOT_GIT = frozenset({".git", "git~1"})


def branch_ref(name: str) -> str:
    """The full ref of branch `name`."""
    return f"refs/heads/{_checked_name(name, 'branch')}"


def tag_ref(name: str) -> str:
    """The full ref of tag `name`."""
    return f"refs/tags/{_checked_name(name, 'tag')}"


def checked_sha(sha: str) -> str:
    """`sha` if it is a whole, lower-case object name; abbreviations and names are refused."""
    if not _SHA.fullmatch(sha):
        raise FarEndRefused(f"{_shown(sha)} is not a full commit SHA")
    return sha


def checked_path(path: str) -> str:
    """`path` if it names a file inside the repository, in git's own spelling."""
    fault = _path_fault(path)
    if fault:
        raise FarEndRefused(f"{_shown(path)} is not a usable path: {fault}")
    return path


def parents_of(path: str) -> tuple[str, ...]:
    """Every directory above `path`: "a/b/c" has "a" and "a/b"."""
    parts = path.split("/")[:-1]
    return tuple("/".join(parts[: depth + 1]) for depth in range(len(parts)))


def checked_message(message: str) -> bytes:
    """The message as UTF-8 ending in one newline.

    Signature armour is refused: git takes what follows it for the signature of a tag.
    """
    text = message.strip()
    if not text:
        raise FarEndRefused("the message is empty")
    if "-----BEGIN " in text:
        raise FarEndRefused("the message contains a line that starts a signature block")
    if _has_control(text, allowed="\n\t"):
        raise FarEndRefused("the message contains control characters")
    return _utf8(text + "\n", "message")


def checked_identity(identity: tuple[str, str]) -> tuple[str, str]:
    """Name and mail address as they go into an author line."""
    name, email = identity
    for part in identity:
        if not part.strip() or part != part.strip() or _has_control(part) or set(part) & set("<>"):
            raise ConfigurationError(f"{_shown(part)} cannot be the name or address of a git author")
    if "@" not in email or any(character.isspace() for character in email):
        raise ConfigurationError(f"{_shown(email)} is not a mail address for git")
    return name, email


def checked_url(url: str) -> str:
    """`url` if it is https, ssh (also user@host:path), file or an absolute path, and holds no password."""
    if _has_control(url) or " " in url.split("://", 1)[0]:
        raise ConfigurationError("the git URL contains blanks or control characters")
    if url.startswith("/") or _SCP_LIKE.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ConfigurationError("the git URL cannot be read") from None
    if parts.password is not None:
        raise ConfigurationError("the git URL holds a password; give a token in the settings instead")
    if parts.scheme not in _SCHEMES or "::" in url.split("/", 1)[0]:
        raise ConfigurationError("the git URL must be https://, ssh://, user@host:path, file:// or an absolute path")
    if host.startswith("-") or (parts.scheme != "file" and not host):
        raise ConfigurationError("the git URL names no usable host")
    return url


def _checked_name(name: str, kind: str) -> str:
    fault = _name_fault(name)
    if fault:
        raise FarEndRefused(f"{_shown(name)} is not a usable {kind} name: {fault}")
    return name


def _name_fault(name: str) -> str | None:
    if not _REF.fullmatch(name):
        return "it may hold letters, digits and _ . + # @ = , / - only, and starts with a letter, digit or _"
    if ".." in name or "@{" in name or name.endswith("."):
        return "it holds '..' or '@{', or ends with '.'"
    if any(_component_fault(part) for part in name.split("/")):
        return "a part of it is empty, starts with '.' or '-', or ends with '.lock'"
    if name.upper().endswith("HEAD") and name.isupper():
        return "git uses it itself"
    if name.startswith("refs/") or _SHA.fullmatch(name.lower()):
        return "it looks like another kind of revision"
    return None


def _component_fault(part: str) -> bool:
    return not part or part.startswith((".", "-")) or part.lower().endswith(".lock")


def _path_fault(path: str) -> str | None:
    if not path or path.startswith("/"):
        return "it must be relative"
    if path.startswith("-") or set(path) & set('"\\') or _has_control(path):
        return "it starts with '-' or holds quotes, backslashes or control characters"
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "a part of it is empty, '.' or '..'"
    if any(_is_dot_git(part) for part in path.split("/")):
        return "it is inside git's own folder"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "it is not Unicode text"
    return None


def _is_dot_git(part: str) -> bool:
    """Also as file systems that fold case, drop trailing dots or ignore format characters would see it."""
    visible = "".join(character for character in part if unicodedata.category(character) != "Cf")
    return visible.split(":", 1)[0].lower().rstrip(". ") in _DISGUISES_OF_DOT_GIT


def _has_control(text: Iterable[str], allowed: str = "") -> bool:
    return any(unicodedata.category(character) == "Cc" and character not in allowed for character in text)


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise FarEndRefused(f"the {what} is not Unicode text") from None


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:79] + "…")
