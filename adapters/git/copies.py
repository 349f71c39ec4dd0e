"""Whether a branch holds a copy of a commit: one that says where it was picked from, or one with the same patch."""

from adapters.git.objects import commits
from adapters.git.store import Store


def copied(store: Store, commit: str, tip: str) -> bool:
    """A commit that `tip` reaches and `commit` does not is a copy of it. Of merges only those that say so are."""
    ends = (commit, tip)
    words = f"(cherry picked from commit {commit})"
    if commits(store, ("--fixed-strings", f"--grep={words}", "--end-of-options", tip, f"^{commit}"), ends):
        return True
    (found,) = commits(store, ("--no-walk", "--end-of-options", commit), [commit])
    if len(found.parents) != 1:
        return False
    answer = store.read("cherry", tip, commit, found.parents[0], need=ends)
    return answer.out.decode().startswith("-")
