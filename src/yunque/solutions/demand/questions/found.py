"""What was found for a query: a story to tell, and the data behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yunque.assistant.story import Story
from yunque.solutions.demand.plan_values import PlanLine, PurchasePlan


@dataclass(frozen=True, kw_only=True)
class Found:
    """An answer before it is told.

    Attributes:
        story: what is told.
        plan: that it is from; None for history.
        lines: of the plan, that it is about.
        more: further data for the envelope.
    """

    story: Story
    plan: PurchasePlan | None = None
    lines: tuple[PlanLine, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
