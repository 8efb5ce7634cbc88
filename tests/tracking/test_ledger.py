"""Every decision about @champion is made once, recorded in order, and survives any crash."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from lstm_ops.errors import InvalidInput, MovedMeanwhile, TrackingUnavailable
from lstm_ops.tracking import ledger, names
from lstm_ops.tracking.ledger import Entry, Proposal, book, claims, decide, entries, propose, settle
from lstm_ops.tracking.ledger import run as ledger_run
from lstm_ops.tracking.store import Store, connect

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

Clock = Callable[[], datetime]
CLAIMS, MOVES = 50, 3  # how often two processes race
WRITING = ("create_", "log_", "set_", "delete_", "update_", "restore_")


def forced(to: str, expected: str | None) -> Proposal:
    return Proposal("forced", to, expected, because="a test wants it", by="somebody")


def now() -> datetime:
    return datetime.now(UTC)


def agrees(store: Store, series: str, found: dict[str, str]) -> list[Entry]:
    """The ledger, after a look whether the aliases are what it comes to."""
    known = entries(store, series)
    standing = ledger.stack(known)
    assert found.get(names.CHAMPION) == ledger.champion(known) == standing[-1]
    assert found.get(names.PREVIOUS) == (standing[-2] if len(standing) > 1 else None)
    assert not [entry for entry in known if entry.state == "open"]
    return known


# Two processes, and processes that are killed


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts processes that have MLflow imported and no connection of ours."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def race(uri: str, own: str, barrier: Any, results: Any) -> None:
    """Claim numbers, then move the champion, always at the same moment as somebody else does."""
    store = connect(uri)
    run = ledger_run.ensure(store, "toy")
    for number in range(2, 2 + CLAIMS):
        barrier.wait(30)
        claim = claims.make(store, run, forced(own, "1"), number, now(), run)
        if claim is not None:
            claims.end(store, run, number, void="only claimed")
        results.put(("claim", claim is not None))
    for _ in range(MOVES):
        barrier.wait(30)
        standing = ledger.champion(entries(store, "toy"))
        barrier.wait(30)
        try:
            decide(store, "toy", forced(own, standing), now)
            results.put(("move", True))
        except (MovedMeanwhile, InvalidInput):
            results.put(("move", False))


def test_of_two_processes_that_move_at_once_one_wins(
    processes: ForkServerContext, store: Store, shelf: Any, clock: Clock
) -> None:
    first, *rivals = shelf.add("toy", 3)
    decide(store, "toy", forced(first, None), clock)
    barrier, results = processes.Barrier(2), processes.SimpleQueue()
    both = [
        processes.Process(target=race, args=(store.uri, own, barrier, results), daemon=True)
        for own in rivals
    ]
    for process in both:
        process.start()
    outcomes = Counter(results.get() for _ in range(2 * (CLAIMS + MOVES)))
    for process in both:
        process.join(30)
        assert process.exitcode == 0
    assert outcomes["claim", True] == CLAIMS
    known = agrees(store, "toy", shelf.aliases("toy"))
    made = [entry for entry in known if entry.state == "done"]
    assert len(made) == 1 + outcomes["move", True]
    assert outcomes["move", True] >= MOVES  # the loser of a round may win it too, after a look
    assert all(a.to_version == b.from_version for a, b in pairwise(made))


class Mortal:
    """A client whose process is killed after so many calls that write."""

    def __init__(self, client: MlflowClient, lives: int) -> None:
        self.client, self.lives = client, lives

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if not name.startswith(WRITING):
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            result = found(*args, **kwargs)
            self.lives -= 1
            if self.lives == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted


def die_again_and_again(uri: str, orders: Any, outcomes: Any) -> None:
    """For each order, a child that is killed after so many writes; tells how it ended."""
    os.environ["MLFLOW_SQLALCHEMYSTORE_POOLCLASS"] = "NullPool"  # none that a child could inherit
    store = connect(uri)
    decide(store, "toy-0", forced("1", None), now)  # what takes long at first is done once
    while lives := orders.get():
        child = os.fork()
        if child == 0:
            mortal: Any = Mortal(store.client, lives)
            decide(Store(uri, client=mortal), f"toy-{lives}", forced("2", "1"), now)
            os._exit(0)
        outcomes.put(os.waitpid(child, 0)[1])


def test_killed_between_any_two_steps_old_or_new_champion_stands_and_the_ledger_agrees(
    processes: ForkServerContext, store: Store, shelf: Any
) -> None:
    """The registry is one from before the ledger, so that making the ledger is among the steps."""
    shelf.add("toy-0")
    orders, outcomes = processes.SimpleQueue(), processes.SimpleQueue()
    process = processes.Process(
        target=die_again_and_again, args=(store.uri, orders, outcomes), daemon=True
    )
    process.start()
    survived, lives, champions = False, 0, []
    while not survived:
        lives += 1
        series = f"toy-{lives}"
        shelf.add(series, 2)
        store.client.set_registered_model_alias(series, names.CHAMPION, "1")
        propose(store, series, "2")
        orders.put(lives)
        ended = outcomes.get()
        survived = ended == 0
        assert survived or os.WTERMSIG(ended) == signal.SIGKILL
        settle(store, series, now)
        found = shelf.aliases(series)
        known = agrees(store, series, found)
        assert (names.CHALLENGER in found) == (found[names.CHAMPION] == "1")
        assert [entry.kind for entry in known] == ["outside", "forced"][: len(known)]
        champions.append(found[names.CHAMPION])
    orders.put(0)
    process.join(30)
    assert lives > 15
    assert champions == sorted(champions)  # the old one before the claim, the new one ever after
    assert set(champions) == {"1", "2"}


# What a claim is worth


def test_a_decision_under_way_elsewhere_is_reported_and_not_overtaken(
    store: Store, shelf: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "PATIENCE", 0.0)
    shelf.add("toy", 3)
    decide(store, "toy", forced("1", None), clock)
    run = ledger_run.ensure(store, "toy")
    claims.make(store, run, forced("2", "1"), 2, clock(), run)
    assert settle(store, "toy", clock)[-1].state == "open"
    with pytest.raises(MovedMeanwhile, match="decision 2: forced 1 → 2 of 'toy' is under way"):
        decide(store, "toy", forced("3", "1"), clock)
    assert shelf.aliases("toy") == {"champion": "1"}
    later = clock() + timedelta(seconds=150)  # of a host that nobody here can ask
    assert settle(store, "toy", lambda: later)[-1].state == "done"
    assert agrees(store, "toy", shelf.aliases("toy"))[-1].to_version == "2"


def test_a_claim_whose_version_is_gone_comes_to_nothing(
    store: Store, shelf: Any, clock: Clock
) -> None:
    shelf.add("toy", 2)
    decide(store, "toy", forced("1", None), clock)
    run = ledger_run.ensure(store, "toy")
    claims.make(store, run, forced("2", "1"), 2, clock() - timedelta(seconds=150), run)
    store.client.delete_model_version("toy", "2")
    last = settle(store, "toy", clock)[-1]
    assert (last.state, last.note) == ("void", "version 2 does not exist any more")
    assert shelf.aliases("toy") == {"champion": "1"}
    shelf.add("toy")
    assert decide(store, "toy", forced("3", "1"), clock).number == 3


def test_where_the_champions_version_is_deleted_the_one_before_it_stands_again(
    store: Store, shelf: Any, clock: Clock
) -> None:
    shelf.add("toy", 3)
    for to, expected in (("1", None), ("2", "1"), ("3", "2")):
        decide(store, "toy", forced(to, expected), clock)
    for gone, left in (("3", {"champion": "2", "previous": "1"}), ("2", {"champion": "1"})):
        store.client.delete_model_version("toy", gone)
        last = settle(store, "toy", clock)[-1]
        assert (last.kind, last.to_version) == ("outside", left["champion"])
        assert f"version {gone} was deleted" in last.because
        assert shelf.aliases("toy") == left
    store.client.delete_model_version("toy", "1")
    emptied = settle(store, "toy", clock)
    assert emptied[-1].to_version is None and ledger.champion(emptied) is None
    assert settle(store, "toy", clock) == emptied
    store.client.delete_registered_model("toy")
    assert settle(store, "toy", clock) == emptied


def test_a_process_paused_beyond_half_its_lease_claims_again_before_it_writes(
    store: Store, shelf: Any, clock: Clock
) -> None:
    shelf.add("toy", 2)
    decide(store, "toy", forced("1", None), clock)
    start = clock()
    moments = iter([start, start + timedelta(seconds=61)])
    entry = decide(
        store, "toy", forced("2", "1"), lambda: next(moments, start + timedelta(seconds=62))
    )
    assert entry.state == "done"
    assert agrees(store, "toy", shelf.aliases("toy"))[-1] == entry
    ledger_of = store.client.get_run(ledger_run.ensure(store, "toy"))
    assert "decision.000002.taken.1" in ledger_of.data.params


# What people see


def test_a_decision_is_told_where_people_look(store: Store, shelf: Any, clock: Clock) -> None:
    shelf.add("toy", 2)
    store.client.update_registered_model("toy", "Words of our own.")
    decide(store, "toy", forced("1", None), clock)
    because = "colour | was wrong " * 1000
    entry = decide(store, "toy", Proposal("replace", "2", "1", because, "somebody"), clock)
    assert entry.because.startswith("colour | was") and entry.because.endswith("…")
    page = store.client.get_registered_model("toy").description
    assert page.startswith("Words of our own.\n\n### Decisions about the champion")
    assert page.count("Decisions about") == 1 and "| replace 1 → 2 | somebody | colour / " in page
    version = store.client.get_model_version("toy", "2")
    assert version.tags[names.VERSION_DECISION] == "2: replace 1 → 2"
    assert version.description.startswith("Decision 2: replace 1 → 2, by somebody, because colour")
    run = store.client.get_run(entry.run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "decision 2: replace 1 → 2")
    assert {"kind": "replace", "from": "1", "to": "2"}.items() <= run.data.params.items()


def test_what_cannot_be_decided_changes_nothing(store: Store, shelf: Any, clock: Clock) -> None:
    shelf.add("toy", 2)
    decide(store, "toy", forced("1", None), clock)
    with pytest.raises(MovedMeanwhile, match="is version 1, and this was decided when it was vers"):
        decide(store, "toy", forced("1", "2"), clock)
    with pytest.raises(InvalidInput, match="champion already"):
        decide(store, "toy", forced("1", "1"), clock)
    with pytest.raises(InvalidInput, match="no version 9"):
        decide(store, "toy", forced("9", "1"), clock)
    assert len(entries(store, "toy")) == 1
    assert settle(store, "nothing", clock) == []


# Anything in any order

STANDING = (names.CHAMPION, names.PREVIOUS)
MOVES_ON: tuple[Any, ...] = ("refresh", "replace")
ACTIONS = ("kept", "refresh", "replace", "forced", "rollback", "moved", "deleted")
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(1, 3)), min_size=12, max_size=16)


class Model:
    """What should be, said plainly: an undo list, and who was champion when."""

    def __init__(self) -> None:
        self.undo: list[str] = []
        self.changes: list[tuple[datetime, str]] = []

    @property
    def champion(self) -> str | None:
        return self.undo[-1] if self.undo else None

    def move(self, to: str, at: datetime) -> None:
        self.undo.append(to)
        self.changes.append((at, to))

    def back(self, to: str, at: datetime) -> None:
        self.undo.pop()
        while self.undo[-1] != to:
            self.undo.pop()
        self.changes.append((at, to))


@pytest.fixture
def numbered() -> Callable[[], str]:
    """Names of series, each once."""
    numbers = iter(range(1000))
    return lambda: f"toy-{next(numbers)}"


@settings(
    max_examples=3,
    phases=[Phase.generate],  # a shrunk example would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_whatever_happens_the_ledger_tells_it(
    store: Store, shelf: Any, clock: Any, numbered: Callable[[], str], steps: list[tuple[str, int]]
) -> None:
    series, model = numbered(), Model()
    shelf.add(series, 4)
    for action, choice in steps:
        act(store, clock, series, model, action, choice)
        settle(store, series, clock)
        found = shelf.aliases(series)
        assert [found.get(alias) for alias in STANDING] == [*model.undo[:-3:-1], None][:2]
        agrees(store, series, found)
    known = entries(store, series)
    assert [e.to_version for e in known if e.from_version != e.to_version] == [
        to for _, to in model.changes
    ]
    assert [e.number for e in known] == list(range(1, len(known) + 1))
    for moment, to in model.changes:
        assert ledger.champion_at(known, moment) == to
    assert ledger.champion_at(known, datetime(2000, 1, 1, tzinfo=UTC)) is None


def act(store: Store, clock: Any, series: str, model: Model, action: str, choice: int) -> None:
    """One step, in the registry and in the model. What is impossible yet becomes a move."""
    champion = model.champion
    to = str((int(champion or 0) + choice - 1) % 4 + 1)  # another one of the four
    if action == "deleted" and champion:
        store.client.delete_registered_model_alias(series, names.CHAMPION)
    elif action == "kept" and champion:
        decide(store, series, Proposal("kept", None, champion, "b", "me"), clock)
    elif action == "rollback" and len(model.undo) > 1:
        earlier = [version for version in model.undo if version != champion]
        to = earlier[-1 - choice % len(earlier)]
        decide(store, series, Proposal("rollback", to, champion, "b", "me"), clock)
        model.back(to, clock.now)
    elif action == "moved":
        store.client.set_registered_model_alias(series, names.CHAMPION, to)
        settle(store, series, clock)
        model.move(to, clock.now)
    else:
        kind = action if action in MOVES_ON else "forced"
        decide(store, series, Proposal(kind, to, champion, "b", "me"), clock)
        model.move(to, clock.now)


def test_a_try_that_the_server_broke_off_is_finished_by_the_next(
    store: Store, shelf: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that is tried again makes one decision, not two."""
    one, two = shelf.add("toy", 2)
    decide(store, "toy", forced(one, None), clock)
    run_id = store.client.create_run("0").info.run_id
    proposal = Proposal("replace", two, one, "evidence", "somebody", run_id=run_id)

    def down(*_: object) -> None:
        raise MlflowException("the server is down")

    with monkeypatch.context() as broken, pytest.raises(TrackingUnavailable):
        broken.setattr(store.client, "set_registered_model_alias", down)
        decide(store, "toy", proposal, clock)
    assert decide(store, "toy", proposal, clock).number == 2
    assert decide(store, "toy", proposal, clock).number == 2  # where only the answer was lost
    assert len(agrees(store, "toy", shelf.aliases("toy"))) == 2
    assert shelf.aliases("toy")["champion"] == two
