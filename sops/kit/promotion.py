"""What a candidate leaves to others: fixes that develop is owed, and the offer of the stable release."""

from dataclasses import dataclass

from sops.kit import escaping
from sops.kit.action import Conflict, Done, News, Owed, Probe, Remark, Todo, World, fill, short
from sops.kit.debts import HoldsChange
from sops.kit.model import Role
from sops.kit.run import Run, StepState


@dataclass(frozen=True)
class OweBackPorts(Remark):
    """Each fix on the candidate's branch is owed to develop (SOP-03 row 8)."""

    branch: str

    def says(self, run: Run) -> str:
        return f"note what {run.policy.develop} is owed"

    async def probe(self, run: Run, world: World) -> Probe:
        base = run.facts.get("head")
        tip = await world.git.branch(fill(self.branch, run))
        if base is None:
            return Todo(self.says(run))
        if tip is None:
            name = fill(self.branch, run)
            return Conflict(f"{name} is gone, so the fixes on it cannot be listed", f"push {name} again, then !retry")
        return Done(
            {},
            owed=tuple(
                Owed(
                    f"back-port-{short(fix.sha)}",
                    f"back-port {short(fix.sha)} ({escaping.printable(fix.subject)[:80]}) to {run.policy.develop}",
                    Role.RELEASE_MANAGER,
                    blocks="SOP-01",
                    probe=HoldsChange(run.policy.develop, fix.sha),
                )
                for fix in await world.git.log(base, tip)
            ),
        )


@dataclass(frozen=True)
class Offer(Remark):
    """Offers the next procedure, with what this one learned. Only words: somebody must start it."""

    sop: str

    def says(self, run: Run) -> str:
        return f"offer {self.sop} for {run.version}"

    async def probe(self, run: Run, world: World) -> Probe:
        soak = run.record("soak")
        waived = soak.by if soak.state is StepState.SKIPPED else ""
        about = {"sop": self.sop, "tag": run.facts.get("tag"), "digest": run.facts.get("digest"), "waived": waived}
        return Done({"offered": self.sop}, news=(News("offer", about),))
