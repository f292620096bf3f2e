"""Do annotators agree: chance-corrected coefficients with intervals over scenes.

The coefficients can be imported from here by name; `agreement` (in `from_store`) computes them for a store. Counts
independent ratings only, and never an assisted one.
"""

from eval.agreement.coefficients import (
    cohen_kappa,
    disagreement,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    level_counts,
    raw_matrix,
    specific_agreement,
    teleoperation_autonomy_conflicts,
)

__all__ = [
    "cohen_kappa",
    "disagreement",
    "fleiss_kappa",
    "gwet_ac",
    "krippendorff_alpha",
    "level_counts",
    "raw_matrix",
    "specific_agreement",
    "teleoperation_autonomy_conflicts",
]
