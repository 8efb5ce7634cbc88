"""`make up`: starts the local stack, watches over it, and stops it in order."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from lstm_ops.errors import StackError
from lstm_ops.stack import automations, commands, ports, processes, record, template
from lstm_ops.stack.addresses import Addresses
from lstm_ops.stack.children import Children, Say, say
from lstm_ops.stack.interruption import Interrupted, Interruption
from lstm_ops.stack.lost_runs import crash_lost_runs
from lstm_ops.stack.marks import ProcessMark
from lstm_ops.stack.prefect_http import PrefectApi
from lstm_ops.stack.record import Record

# Seconds from SIGTERM to SIGKILL.
GRACE = {"flow runs": 15.0, "worker": 10.0, "mlflow": 5.0, "prefect": 10.0}
LEFTOVER_GRACE = 10.0

FlowRunIds = Collection[str]
Hook = Callable[[], FlowRunIds]


def nothing() -> FlowRunIds:
    """The hook that does nothing."""
    return ()


def up(
    addresses: Addresses,
    before_worker: Hook = nothing,
    after_worker: Hook = nothing,
    say: Say = say,
) -> int:
    """Runs the stack in the foreground. 0 once asked to end, 1 when one of its processes died.

    `before_worker` is called when both servers answer, `after_worker` when the worker has ended
    and they still do: each closes the MLflow runs of dead processes and returns the ids of the
    flow runs they belonged to. Raises `StackError` where the stack cannot be started; nothing is
    left running then.
    """
    _refuse_second_stack()
    _stop_leftovers(say)
    _refuse_taken_ports(addresses)
    with Interruption() as interruption:
        stack = _Stack(addresses, interruption, say)
        try:
            stack.start(before_worker)
            return stack.watch()
        except Interrupted:
            return 0
        finally:
            stack.stop(after_worker)


class _Stack:
    def __init__(self, addresses: Addresses, interruption: Interruption, say: Say) -> None:
        self._addresses = addresses
        self._interruption = interruption
        self._say = say
        self._token = uuid.uuid4().hex
        self._children = Children(self._token, interruption, say)
        self._claimed = False

    def start(self, before_worker: Hook) -> None:
        record.claim(self._record())
        self._claimed = True
        self._start_servers()
        self._crash_lost_runs(before_worker())
        self._deploy()
        self._start_worker()
        self._say(_invitation(self._addresses))

    def watch(self) -> int:
        return self._children.watch()

    def stop(self, after_worker: Hook) -> None:
        """Worker, then MLflow, then Prefect; whatever fails on the way, all of them."""
        if not self._claimed:
            return
        self._say("Stopping ...")
        had_worker = "worker" in self._children.marks()
        self._end_flow_runs()
        self._children.stop("worker", GRACE["worker"])
        if had_worker and not self._interruption.insisted():
            self._tidy(after_worker)
        self._children.stop("mlflow", GRACE["mlflow"])
        self._children.stop("prefect", GRACE["prefect"])
        record.remove()
        self._say("Stopped.")

    def _start_servers(self) -> None:
        addresses = self._addresses
        template.copy_to(commands.prefect_home() / "prefect.db")
        self._say("Starting (logs: .state/logs/) ...")
        self._begin(commands.prefect_server(addresses))
        self._begin(commands.mlflow_server(addresses.mlflow_port))
        self._children.healthy("Prefect", addresses.prefect_health)
        self._children.healthy("MLflow", addresses.mlflow_health)

    def _deploy(self) -> None:
        with PrefectApi(self._addresses.prefect_api) as api:
            api.ensure_pool(commands.POOL)
        self._children.run(commands.deploy(self._addresses))
        self._say("  deployments are up to date")
        self._automate()

    def _automate(self) -> None:
        """After the deployments: an automation may start one."""
        url = self._addresses.prefect_api
        if not automations.declared():
            return
        if missing := automations.renew(url):
            self._children.run(commands.create_automations(url, automations.draft(missing)))
        self._say("  automations are up to date")

    def _start_worker(self) -> None:
        if not record.write_prefect_toml(self._addresses):
            self._say(
                "  prefect.toml is your own and is left as it is; for the plain `prefect` "
                f"command: export PREFECT_API_URL={self._addresses.prefect_api}"
            )
        began = datetime.now(UTC)
        self._begin(commands.worker(self._addresses))
        with PrefectApi(self._addresses.prefect_api) as api:
            self._children.until(
                lambda: api.worker_online(commands.POOL, commands.WORKER, began),
                "the worker to report to Prefect",
            )
        self._say("  the worker is online")

    def _begin(self, command: processes.Command) -> None:
        """Starts a child and writes it down at once: a later start can then find it."""
        self._interruption.check()
        self._children.start(command)
        record.write(self._record())

    def _end_flow_runs(self) -> None:
        """A worker asked to end kills its flow runs: they are asked first, and can close up."""
        running = processes.family(f"{self._token}/worker", flow_runs=True)
        processes.end(running, GRACE["flow runs"], self._interruption.insisted)

    def _tidy(self, after_worker: Hook) -> None:
        try:
            self._crash_lost_runs(after_worker())
        except Exception as error:  # a hook's fault must not keep the servers alive
            self._say(f"  the flow runs that were going on could not be closed: {error}")

    def _crash_lost_runs(self, known_dead: FlowRunIds) -> None:
        lost = crash_lost_runs(self._addresses.prefect_api, known_dead)
        for run in lost.crashed:
            self._say(f"  flow run {run.name} was {run.state}, its process is gone: now Crashed")
        for run, pid in lost.orphans:
            self._say(
                f"  flow run {run.name} goes on in process {pid}, left by a worker that was "
                f"killed. It reports its own end; to end it: kill {pid}"
            )

    def _record(self) -> Record:
        mark = ProcessMark.of_this_process()
        return Record(self._token, mark, self._addresses, self._children.marks())


def _refuse_second_stack() -> None:
    if stack := record.live():
        raise StackError(
            f"the stack is up already (pid {stack.supervisor.pid}): Prefect at "
            f"{stack.addresses.prefect_ui}, MLflow at {stack.addresses.mlflow_ui}. "
            f"To stop it: Ctrl-C there, or kill {stack.supervisor.pid}"
        )


def _stop_leftovers(say: Say) -> None:
    """Ends the children of a stack whose supervisor was killed; not the flow runs they started."""
    if stack := record.leftovers():
        left = processes.family(stack.token, flow_runs=False)
        if left:
            say(f"Stopping what a killed stack left: pid {', '.join(str(p.pid) for p in left)}")
            processes.end(left, LEFTOVER_GRACE)
        record.forget_leftovers()


def _refuse_taken_ports(addresses: Addresses) -> None:
    remedy = "make up PREFECT_PORT=4300 MLFLOW_PORT=5001"
    refuse_taken_port(addresses.prefect_port, "Prefect", remedy)
    refuse_taken_port(addresses.mlflow_port, "MLflow", remedy)


def refuse_taken_port(port: int, purpose: str, remedy: str) -> None:
    """Raises `StackError` naming the port, what for, who holds it, and how to choose another."""
    if ports.is_free(port):
        return
    holder = ports.holder(port) or "another program"
    raise StackError(
        f"port {port}, needed for {purpose}, is taken by {holder}. Stop that, or choose free "
        f"ports, for example: {remedy}"
    )


def _invitation(addresses: Addresses) -> str:
    return (
        f"\nPrefect  {addresses.prefect_ui}\n"
        f"MLflow   {addresses.mlflow_ui}\n\n"
        "Next, in another terminal:  .venv/bin/prefect deployment run train/tutorial --watch\n"
        "Ctrl-C stops everything.\n"
    )
