"""What a bundle says to people: the model card and the report of its run."""

from yunque.data.contract import Contract
from yunque.learning.leaderboard import Leaderboard
from yunque.models.bundle_context import PackContext
from yunque.models.card import render_card
from yunque.models.manifest import CARD, REPORT
from yunque.models.report import render_report
from yunque.models.report_facts import ReportFacts


def facts_of(leaderboard: Leaderboard, contract: Contract, context: PackContext) -> ReportFacts:
    """Tell the run and its circumstances, without what is only known once it is packed."""
    return ReportFacts(
        name=context.name,
        created=context.created,
        language=context.language,
        source=context.source,
        author=context.author,
        description=context.description,
        contract=contract,
        rows=context.frame.height,
        leaderboard=leaderboard,
        findings=context.findings,
        accepted={each.finding: f"{each.by}: {each.reason}" for each in context.accepted},
        requirements=context.requirements,
        overrides=tuple(f"{each.by}: {each.reason}" for each in context.overrides),
        budget_seconds=context.budget_seconds,
        seconds=context.budget_used_seconds,
    )


def words(facts: ReportFacts) -> dict[str, bytes]:
    """Give the model card and the report by file name."""
    return {CARD: render_card(facts).encode(), REPORT: render_report(facts).encode()}
