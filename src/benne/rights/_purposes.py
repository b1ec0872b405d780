"""Why an answer is asked."""

SCORING_PURPOSES = ("self_view", "deposit_free", "pay_later", "lending")
PURPOSES = (*SCORING_PURPOSES, "model_building", "fairness_audit", "marketing")
"""Why an answer is asked.  Closed: an unknown purpose is never silently allowed."""
