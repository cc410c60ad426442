# SPDX-License-Identifier: ISC
"""What the soak does to the daemon and to its sessions, and what has to come of it."""
import dataclasses
import signal

import ctl
from soak_site import PATIENCE_S

# What may be the reason where the firewall has forgotten. Unreachable, where the first SYN of the
# next session was lost, too; heartbeat, where the beat was acknowledged before, and its answer met
# the firewall afterwards.
FORGOTTEN = {"expired", "unreachable", "heartbeat"}
LOSSES = FORGOTTEN | {"timed-out", "reset"}  # of a path that loses packets


@dataclasses.dataclass
class Outcome:
    """What one fault must lead to."""
    # Sessions that end, by peer, those of others stay; None: as many as there are.
    ends: dict | None = dataclasses.field(default_factory=dict)
    reasons: set = dataclasses.field(default_factory=set)  # that their records may have
    # Ends, and beginnings, that no record tells of: at least and at most so many. They are those
    # that a daemon was doing away with, or had not told so far, when it ended.
    ends_untold: tuple = (0, 0)
    comings_untold: tuple = (0, 0)
    # Connections that the kernel had up and that ended before the daemon knew: so many at most.
    unborn: int = 0


class Faults:
    """Each fault is a method. `soak` has the site, the chance, and the time to pass."""

    def __init__(self, soak):
        self._soak, self._site, self._random = soak, soak.site, soak.random
        self._wanted = soak.site.wanted

    def names(self):
        return [name for name in vars(Faults) if not name.startswith("_") and name != "names"]

    def _some_peer(self):
        return self._random.choice([n for n in self._wanted.ports if n != self._wanted.guest])

    def _all(self):
        return dict(self._wanted.sessions)

    def _under_way(self, names=None):
        """How many attempts there may be at one time: PACE_MAX_WINDOW of each peer."""
        return 64 * len(self._wanted.ports if names is None else names)

    # --- the path ---------------------------------------------------------

    def flush(self):
        """The firewall forgets all sessions."""
        self._site.lab.firewall.flush()
        return Outcome(self._all(), FORGOTTEN)

    def flush_peer(self):
        """It forgets those of one peer."""
        name = self._some_peer()
        self._site.lab.router.run("conntrack", "-D", "-p", "tcp", "--dport",
                                  str(self._wanted.ports[name]))
        return Outcome({name: self._wanted.sessions[name]}, FORGOTTEN)

    def loss(self):
        """The path loses some packets for a while."""
        percent = self._random.choice([2, 5, 10])
        self._site.lab.firewall.fault(f"meta l4proto tcp numgen random mod 100 < {percent}")
        self._soak.pass_time(self._random.uniform(0.5, 1.5) * self._soak.options.timeout)
        self._site.lab.firewall.heal()
        return Outcome(None, LOSSES)

    def outage(self):
        """It loses all of them, for less than what each plan rides out."""
        self._site.lab.firewall.fault("meta l4proto tcp")
        self._soak.pass_time(self._soak.options.timeout / 8)
        self._site.lab.firewall.heal()
        self._soak.pass_time(self._soak.options.timeout)  # who has noticed gives up by then
        return Outcome()

    # --- the peers --------------------------------------------------------

    def _restart_servers(self, names):
        away = self._random.choice([0, 0, self._random.uniform(1, 5)])
        before = {name: self._site.servers[name] for name in names}
        for server in before.values():
            server.kill()
        self._soak.pass_time(away)
        for server in before.values():
            server.start(self._random.choice(["fin", "reset"]))
        # A process that is killed closes its sessions before its listener (fput() leaves that to
        # task_work_run(), last come first served): so the first attempt may still be taken.
        return Outcome({name: self._wanted.sessions[name] for name in names},
                       {"closed", "reset", "refused"}, unborn=self._under_way(names))

    def server_restart(self):
        """One peer's server is killed, and started again, at once or a while later."""
        return self._restart_servers([self._some_peer()])

    def servers_restart(self):
        """Those of a third of the peers are."""
        names = [n for n in self._wanted.ports if n != self._wanted.guest]
        return self._restart_servers(self._random.sample(names, max(1, len(names) // 3)))

    # --- the configuration ------------------------------------------------

    def _reload(self):
        self._site.configure()
        mark = len(self._site.books.marks)
        ctl.run(self._site, "reload")
        self._site.await_(lambda: self._site.books.said("reloaded", "", mark) is not None,
                          PATIENCE_S, "a record of the reload")

    def reload_peer(self):
        """A peer is added, and the next time removed."""
        guest = self._wanted.guest
        if guest not in self._wanted.ports:
            self._wanted.add_guest()
            self._reload()
            return Outcome()
        gone = {guest: self._wanted.sessions[guest]}
        self._wanted.remove_guest()
        self._reload()
        return Outcome(gone)

    def reload_option(self):
        """Another keepalive plan for one peer, and one session less or more."""
        name = self._some_peer()
        change = self._random.choice([-1, 1])
        self._wanted.tighter ^= {name}
        self._wanted.sessions[name] += change
        self._wanted.summary_every_s += 1
        self._reload()
        return Outcome({name: 1} if change < 0 else {})

    def reload_bad(self):
        """A file with errors, which changes nothing."""
        books = self._site.books
        self._site.configure(self._wanted.text() + "  - {name: p00, address: a, sesions: 1}\n")
        with self._site.changed:
            books.tolerated = {"reload-failed", "config-remark"}
            mark = len(books.marks)
        ctl.run(self._site, "reload", code=1)
        self._site.await_(lambda: books.said("reload-failed", "nothing was changed", mark)
                          is not None, PATIENCE_S, "a record of the reload that failed")
        self._site.configure()
        with self._site.changed:
            books.tolerated = set()
        return Outcome()

    # --- the daemon -------------------------------------------------------

    def _next_daemon(self, number, code):
        """The daemon ends, and what is kept is handed to the next one."""
        mark = len(self._site.books.marks)
        ended = self._site.end(number)
        assert ended == code, f"the daemon has ended with {ended}"
        self._site.start()
        return mark

    def _numbers(self, kind, pattern, mark):
        """Those in its record of that kind, once it is there."""
        books = self._site.books
        self._site.await_(lambda: books.said(kind, pattern, mark), PATIENCE_S, f"a record: {kind}")
        return books.said(kind, pattern, mark)

    def _took_over(self, mark):
        """How many sessions the next daemon took over, and of how many."""
        return self._numbers("taken-over", r"^took over (\d+) of (\d+) session", mark)

    def _all_taken_over(self, mark):
        took = self._took_over(mark)
        assert took == [self._wanted.total()] * 2, f"took over {took[0]} of {took[1]}"
        return Outcome()

    def _stopped(self, mark):
        """How many it closed when it was stopped."""
        return self._numbers("stopping", r"^stopping on SIGTERM: closing (\d+) session", mark)

    def kill(self):
        """SIGKILL; its sessions are in the descriptor store."""
        return self._all_taken_over(self._next_daemon(signal.SIGKILL, -signal.SIGKILL))

    def restart(self):
        """As systemctl restart does: they are left open."""
        return self._all_taken_over(self._next_daemon(signal.SIGUSR2, 0))

    def stop_and_start(self):
        """SIGTERM closes them, and the next daemon opens its own."""
        [closed] = self._stopped(self._next_daemon(signal.SIGTERM, 0))
        assert closed == self._wanted.total(), f"closed {closed}"
        return Outcome(self._all(), ends_untold=(closed, closed))

    def kill_unkept(self):
        """SIGKILL, and nobody has kept anything: all are opened anew."""
        self._site.end(signal.SIGKILL)
        self._site.manager.drop()
        self._site.start()
        total = self._wanted.total()
        return Outcome(self._all(), ends_untold=(total, total))

    # --- one on top of the other ------------------------------------------

    def _into_a_storm(self):
        """Sessions are lost, and half of that is not told so far. Returns what there was, and with
        what reasons it ends."""
        before = self._site.up()
        told = self._site.books.told["lost"].total()
        outcome = self._random.choice([self.flush, self.servers_restart])()
        self._soak.await_(lambda: self._site.books.told["lost"].total() > told, 120, "losses")
        self._soak.pass_time(self._random.uniform(0, 3))
        return before, outcome

    def kill_in_a_storm(self):
        """SIGKILL while sessions are lost and opened: what it has not told, it takes along."""
        before, outcome = self._into_a_storm()
        mark = len(self._site.books.marks)
        self._site.end(signal.SIGKILL)
        returned = sum(len(ports - before.get(name, set()))
                       for name, ports in self._site.up().items())
        self._site.start()
        _, held = self._took_over(mark)
        away = self._wanted.total() - held
        outcome.ends_untold = (0, away + returned)
        outcome.comings_untold = (0, returned)
        outcome.unborn = self._under_way()
        return outcome

    def restart_in_a_storm(self):
        """In order, so nothing is left untold."""
        _, outcome = self._into_a_storm()
        self._took_over(self._next_daemon(signal.SIGUSR2, 0))
        outcome.unborn = self._under_way()
        return outcome

    def stop_in_a_storm(self):
        """In order, so nothing is left untold but what is closed in the end."""
        _, outcome = self._into_a_storm()
        [closed] = self._stopped(self._next_daemon(signal.SIGTERM, 0))
        outcome.ends_untold = (closed, closed)
        outcome.ends = None  # some end twice
        outcome.unborn = self._under_way()
        return outcome

    def reload_in_a_storm(self):
        """It goes on with another file while its sessions are away."""
        _, outcome = self._into_a_storm()
        self._wanted.summary_every_s += 1
        self._reload()
        return outcome

    def flush_and_kill(self):
        """SIGKILL when the firewall has forgotten all and nobody knows: the next one finds out."""
        self._site.lab.firewall.flush()
        self._took_over(self._next_daemon(signal.SIGKILL, -signal.SIGKILL))
        return Outcome(self._all(), FORGOTTEN)
