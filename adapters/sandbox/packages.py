"""The project's page of a package index: a file for each release, yanked or not."""

from adapters.sandbox.api import HOST, Call, Reply, Route
from adapters.sandbox.core import Core
from adapters.sandbox.project import NAME
from adapters.sandbox.refusal import not_found

JSON = "application/vnd.pypi.simple.v1+json"
PATH = f"/simple/{NAME}/"


def index(core: Core) -> list[str]:
    """The versions the index has: those of every release."""
    return [release.tag.removeprefix("v").replace("-rc", "rc") for release in core.state.releases if not release.draft]


def project_page(core: Core, call: Call) -> Reply:
    """Only in JSON, for whoever asks for it (PEP 691)."""
    if JSON not in call.headers.get("accept", ""):
        raise not_found()
    versions = index(core)
    files = [
        {
            "filename": f"{NAME}-{version}.tar.gz",
            "url": f"{HOST}/files/{NAME}-{version}.tar.gz",
            "hashes": {},
            "yanked": version in core.state.yanked,
        }
        for version in versions
    ]
    return Reply(200, {"meta": {"api-version": "1.1"}, "name": NAME, "files": files, "versions": versions})


ROUTES = (Route("GET", PATH, project_page),)
