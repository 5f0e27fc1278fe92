"""What the end of a run does about tasks that no process of the tester knows, or could delete."""

from __future__ import annotations

from typing import Final

import gevent
import requests

from config.services import no_answer, session_for
from run.ledger import Ledger
from run.outcome.facts import RunFacts
from studio.cleanup import UnreadableListError, delete_tasks, marked_tasks

WITHIN_S: Final = 15.0


def sweep(ledger: Ledger, facts: RunFacts) -> None:
    """Delete the run's tasks that are found by their mark; only where some may be left, for the list has no pages."""
    why = _why(ledger)
    if not why:
        return
    try:
        # The time-outs of requests are per read; this one is for the whole list.
        with gevent.Timeout(WITHIN_S, requests.Timeout), session_for(facts.options) as session:
            tasks = marked_tasks(facts.host, ledger.run_id, session)
            ledger.left = [left._asdict() for left in delete_tasks(facts.host, tasks, session, ledger.deleted_task)]
    except UnreadableListError as error:
        ledger.unseen_tasks = f"{why}, and {error}"
    except requests.RequestException as error:
        ledger.unseen_tasks = f"{why}, and the service did not list them ({no_answer(error, WITHIN_S)})"


def _why(ledger: Ledger) -> str:
    """Why tasks may be on the server that no process deleted; empty when none are."""
    lost = ledger.attendance.lost()
    if lost:
        return f"{' and '.join(lost)} did not delete its tasks"
    if ledger.left:
        return f"{len(ledger.left)} tasks could not be deleted"
    if ledger.unanswered_creates:
        return f"{ledger.unanswered_creates} creations were not acknowledged"
    return ledger.cut_short
