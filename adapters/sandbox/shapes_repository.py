"""How the forge writes down people and the repository."""

from adapters.sandbox.api import WEB, Json, repository_url, stamp
from adapters.sandbox.core import Core
from adapters.sandbox.people import PEOPLE
from adapters.sandbox.project import FULL_NAME, MAIN, OWNER, SEEDED_AT

REPOSITORY_ID = 9001
NODE_ID = "R_sandbox9001"
_HOST = "https://forge.example"
_OWNER_ID = 9000
_ROLES = ("admin", "maintain", "push", "triage", "pull")
_GRANTS = {"admin": 5, "maintain": 4, "write": 3, "triage": 2, "read": 1, "none": 0}
_ASSOCIATION = {
    "admin": "OWNER",
    "maintain": "MEMBER",
    "write": "COLLABORATOR",
    "none": "FIRST_TIME_CONTRIBUTOR",
}
_PLAIN_LINKS = (
    *("contributors", "deployments", "downloads", "events", "forks", "hooks", "languages", "merges"),
    *("stargazers", "subscribers", "subscription", "tags", "teams"),
)
_TEMPLATE_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "statuses_url": "/statuses/{sha}",
    "trees_url": "/git/trees{/sha}",
}


def user(core: Core, login: str) -> Json:
    """A person, or the organisation that owns the repository."""
    person = PEOPLE.get(login)
    number = person.id if person is not None else _OWNER_ID
    kind = "Organization" if person is None else "Bot" if person.is_bot else "User"
    url = f"{core.api_url}/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": f"U_{number}",
        "avatar_url": f"{_HOST}/avatars/{login}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{_HOST}/{login}",
        "followers_url": f"{url}/followers",
        "following_url": f"{url}/following{{/other_user}}",
        "gists_url": f"{url}/gists{{/gist_id}}",
        "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{url}/subscriptions",
        "organizations_url": f"{url}/orgs",
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events{{/privacy}}",
        "received_events_url": f"{url}/received_events",
        "type": kind,
        "site_admin": False,
    }


def user_or_none(core: Core, login: str | None) -> Json | None:
    return None if login is None else user(core, login)


def public_user(core: Core, login: str) -> Json:
    """A person's profile, as anyone sees it."""
    person = PEOPLE[login]
    profile = dict.fromkeys(("company", "location", "hireable", "bio"), None)
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    dates = dict.fromkeys(("created_at", "updated_at"), stamp(SEEDED_AT))
    own = {"name": person.name, "email": person.email, "blog": ""}
    return {**user(core, login), **profile, **own, **counts, **dates}


def private_user(core: Core, login: str) -> Json:
    """A person's profile, as that person sees it."""
    counts = ("private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators")
    return {**public_user(core, login), **dict.fromkeys(counts, 0), "two_factor_authentication": True}


def association(login: str) -> str:
    person = PEOPLE.get(login)
    return _ASSOCIATION.get(person.role, "CONTRIBUTOR") if person is not None else "NONE"


def permissions(role: str) -> dict[str, bool]:
    """Which of the five rights a role includes."""
    granted = _GRANTS[role]
    return {name: granted >= len(_ROLES) - place for place, name in enumerate(_ROLES)}


def repository(core: Core) -> Json:
    """The repository, complete; the forge shows the same inside a pull request's head and base."""
    url = repository_url(core)
    open_issues = sum(issue.state == "open" for issue in core.state.issues.values())
    pushed = stamp(core.state.pushed_at or SEEDED_AT)
    return {
        "id": REPOSITORY_ID,
        "node_id": NODE_ID,
        "name": core.full_name.rpartition("/")[2],
        "full_name": core.full_name,
        "owner": user(core, OWNER),
        "private": core.full_name != FULL_NAME,
        "html_url": WEB,
        "description": "A small embedded storage engine",
        "fork": False,
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in _PLAIN_LINKS},
        **{name: url + tail for name, tail in _TEMPLATE_LINKS.items()},
        "clone_url": f"{WEB}.git",
        "git_url": f"git://forge.example/{FULL_NAME}.git",
        "ssh_url": f"git@forge.example:{FULL_NAME}.git",
        "svn_url": WEB,
        "mirror_url": None,
        "homepage": None,
        "language": "C++",
        "license": None,
        **dict.fromkeys(("forks", "forks_count", "stargazers_count", "size", "network_count"), 0),
        **dict.fromkeys(("watchers", "watchers_count", "subscribers_count"), 0),
        "open_issues": open_issues,
        "open_issues_count": open_issues,
        "default_branch": MAIN,
        **dict.fromkeys(("has_issues", "has_discussions", "has_downloads"), True),
        **dict.fromkeys(("has_projects", "has_wiki", "has_pages", "archived", "disabled"), False),
        "created_at": stamp(SEEDED_AT),
        "updated_at": pushed,
        "pushed_at": pushed,
        "allow_merge_commit": True,
        "allow_squash_merge": False,
        "allow_rebase_merge": False,
        "delete_branch_on_merge": core.rules.delete_branch_on_merge,
    }
