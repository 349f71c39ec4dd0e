"""Signed tags: made and verified in the mirror, verified again from the remote. Only exit codes decide."""

from adapters.git.command import Answer, GitCommand
from adapters.git.objects import TagObject, tag_object
from adapters.git.refs import tag_ref
from adapters.git.signing import Signing
from adapters.git.store import Store
from sops.kit.errors import FarEndError, SignatureInvalid


def make_signed_tag(
    git: GitCommand, store: Store, signing: Signing, name: str, *, at: str, message: bytes
) -> TagObject:
    """A signed and verified tag object on the mirror's commit `at`, not yet pushed. The mirror keeps no ref of it.

    A ref of that name that a killed process left is replaced.
    """
    signing.check_key()
    with store.writing():
        signed = store.write("tag", "-s", "-f", "--cleanup=verbatim", "-F", "-", "--", name, at, stdin=message)
        if not signed.ok:
            raise SignatureInvalid(f"the tag {name} could not be signed: {signed.reason}. {_advice(signing)}")
        try:
            tag = tag_object(git, tag_ref(name))
        finally:
            store.write("update-ref", "-d", tag_ref(name))
    verify(git, signing, tag, name)
    return tag


def verify(git: GitCommand, signing: Signing, tag: TagObject, name: str) -> str:
    """What git says of the signer of `tag`.

    Raises SignatureInvalid if git does not accept the signature, or if the tag was signed under another name:
    a good signature of an old tag must not vouch for a new name.
    """
    signing.check()
    answer = git.run("verify-tag", "--", tag.sha)
    if answer.killed:
        raise FarEndError(f"the signature of {name} could not be checked: {answer.reason}")
    if not answer.ok:
        raise SignatureInvalid(f"the signature of {name} is not accepted: {_said(answer)}. {_advice(signing)}")
    if tag.name != name or tag.target_kind != "commit":
        raise SignatureInvalid(f"the tag {name} was signed as {tag.name!a} of a {tag.target_kind!a}")
    return _said(answer)


def _said(answer: Answer) -> str:
    """Git's verdict in one line, for the record; the decision was the exit code's."""
    lines = [line.strip() for line in (answer.err + "\n" + answer.out.decode(errors="replace")).splitlines()]
    verdict = [line for line in lines if "signature" in line.lower()]
    return "; ".join(verdict or filter(None, lines))[:300] or f"exit code {answer.code}"


def _advice(signing: Signing) -> str:
    if signing.mode == "gpg":
        return f"Check that the key is in the key ring {signing.trust}, not expired, and needs no passphrase."
    return f"Check that the key is listed in {signing.trust} for the namespace git, and needs no passphrase."
