"""What a child process may know of our environment: where programs, keys and proxies are, and no secret of ours."""

import os
from collections.abc import Mapping

#: How programs are found, where a person's keys are, whom an agent listens for, and how far ends are reached.
ALLOWED = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "TMPDIR",
        "TZ",
        "XDG_RUNTIME_DIR",
        "SSH_AUTH_SOCK",
        "SSH_AGENT_PID",
        "GNUPGHOME",
        "GPG_AGENT_INFO",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "CURL_CA_BUNDLE",
        *(name for proxy in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (proxy, proxy.upper())),
    }
)


def inherited() -> Mapping[str, str]:
    """Those variables of ours that a child gets; their messages are in English, which we read."""
    found = {name: value for name, value in os.environ.items() if name in ALLOWED}
    return {**found, "LC_ALL": "C", "LANGUAGE": "C"}
