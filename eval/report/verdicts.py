"""What an evaluation accepts or rejects, one line for each gate, claim and run: what stands under a report's title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.comparison.claim import Claim, ClaimResult
from eval.comparison.gate import Gate
from eval.statistics.values import Definition


@dataclass(frozen=True)
class Verdict:
    """`holds`: whether the claim is shown of the run; `says`: run, figure and limit."""

    holds: bool
    says: str

    @property
    def word(self) -> str:
        """The verdict itself."""
        return "Shown" if self.holds else "Not shown"


def verdicts(
    claims: Sequence[ClaimResult], gates: Sequence[Gate], definitions: Mapping[str, Definition]
) -> list[Verdict]:
    """Every gate, then every claim against every run that it is about, in the order of the report."""
    return [_of_gate(one) for one in gates] + [
        Verdict(one.holds, f"{one.run}: {_in_words(result.claim, definitions)}")
        for result in claims
        for one in result.runs
    ]


def _of_gate(gate: Gate) -> Verdict:
    says = f"{gate.run} in place of {gate.than}: misses at most {100 * gate.margin:g} points more"
    return Verdict(gate.is_passed, says)


def _in_words(claim: Claim, definitions: Mapping[str, Definition]) -> str:
    r"""The figure and its limit.

    >>> title = {"ue": Definition(key="ue", title="Under-escalation", text="")}
    >>> _in_words(Claim(figure="under_escalation", limit=0.05), {"under_escalation": title["ue"]})
    'Under-escalation at most 5\xa0%'
    """
    title = definitions[claim.figure].title
    side = "at most" if claim.is_upper else "at least"
    if claim.than is None:
        return f"{title} {side} {100 * claim.limit:g}\u00a0%"
    if claim.is_better:
        return f"{title} better than {claim.than}"
    return f"{title} {side} {100 * claim.limit:g} points above that of {claim.than}"
