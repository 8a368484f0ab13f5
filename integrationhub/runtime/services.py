"""Start what the hub needs and was given no address for; stop it when its last user leaves.

Any number of programs may use one `var` directory at once (`./hub run` and, beside it, `./hub backup FILE`): the first
starts the servers, the others find them running, the last to leave stops them. A user that was killed counts as gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from integrationhub.runtime import identity, locks
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.places import Places, default_var_dir
from integrationhub.runtime.postgres import EmbeddedPostgres
from integrationhub.runtime.valkey import EmbeddedValkey


@dataclass(frozen=True)
class _Embedded:
    name: str
    server: EmbeddedPostgres | EmbeddedValkey
    use: locks.SharedUse

    def start(self, *, places: Places) -> None:
        if self.use.others() and not self.server.is_running():
            # Another container on the same directory: starting a second server there would destroy the data.
            raise RuntimeSetupError(
                f"Another hub is using {places.var}, and its {self.name} cannot be reached from here."
                " Stop that one first, or set HUB_VAR to a directory of its own."
            )
        self.server.start()
        self.use.join()

    def leave(self) -> None:
        self.use.leave()
        if self.use.others():
            self.server.let_go()
        else:
            self.server.stop()


@dataclass
class Services:
    """PostgreSQL and Redis, each embedded or somebody else's. Leaving the `with` block stops using them."""

    database_url: str
    redis_url: str
    places: Places
    _embedded: Sequence[_Embedded] = field(default=(), repr=False)

    @property
    def embedded(self) -> list[str]:
        """Names of the servers that run embedded."""
        return [one.name for one in self._embedded]

    def environment(self) -> dict[str, str]:
        """Return the variables that make a child program use these servers."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url, "HUB_VAR": str(self.places.var)}

    def revive(self) -> list[str]:
        """Start again whichever embedded server has died; return their names."""
        dead = [one for one in self._embedded if not one.server.is_running()]
        if dead:
            with locks.alone(self.places.start_lock):
                for one in dead:
                    one.server.start()
        return [one.name for one in dead]

    def stop(self) -> None:
        """Stop using them; the last user stops the embedded servers. A second call does nothing."""
        leaving, self._embedded = self._embedded, ()
        if leaving:
            with locks.alone(self.places.start_lock):
                for one in leaving:
                    one.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_services(
    var_dir: Path | None = None,
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    durable: bool = True,
    new_major: bool = False,
) -> Services:
    """Start the embedded servers for which no URL is given, under `var_dir` (HUB_VAR or `var` by default).

    `durable=False` trades safety for speed (tests). `new_major=True` lets a newer PostgreSQL begin with an empty data
    directory beside an older one (restore). Raises RuntimeSetupError with a sentence for the operator.
    """
    places = Places((var_dir or default_var_dir()).resolve())
    embedded = []
    if not database_url:
        embedded.append(_Embedded("PostgreSQL", EmbeddedPostgres(places, durable=durable), _use(places, "postgres")))
    if not redis_url:
        embedded.append(_Embedded("Valkey", EmbeddedValkey(places, durable=durable), _use(places, "valkey")))
    if embedded:
        _make_directories(places)
        _start_all(embedded, places=places, new_major=new_major)
    return Services(database_url or places.database_url, redis_url or places.redis_url, places, embedded)


def _use(places: Places, name: str) -> locks.SharedUse:
    return locks.SharedUse(places.var / "run" / f"{name}.use")


def _start_all(embedded: Sequence[_Embedded], *, places: Places, new_major: bool) -> None:
    with locks.alone(places.start_lock):
        if not new_major and any(one.name == "PostgreSQL" for one in embedded):
            refuse_other_major(places)
        try:
            for one in embedded:
                one.start(places=places)
        except BaseException:  # an interrupt too must not leave a server behind
            for one in embedded:
                one.leave()
            raise


def _make_directories(places: Places) -> None:
    # Where PostgreSQL has to run as `nobody`, that user must be able to pass through.
    places.var.mkdir(mode=0o711 if identity.drops_root() else 0o700, parents=True, exist_ok=True)
    for directory in (places.var / "run", places.sockets):
        directory.mkdir(mode=0o700, exist_ok=True)
    found = places.sockets.stat()
    if found.st_uid not in identity.own_users() or found.st_mode & 0o077:
        # A short directory lies under the system's temporary directory, where others could have made it first.
        raise RuntimeSetupError(
            f"{places.sockets} must belong to you and be closed to others. Remove it, or set HUB_VAR to a shorter path."
        )


def refuse_other_major(places: Places) -> None:
    """Raise RuntimeSetupError when the only data here was written by another major version of PostgreSQL.

    Nothing is carried over unasked: the nightly dump lacks what happened since that night.
    """
    former = sorted(path for path in places.var.glob("pg*") if path.name[2:].isdigit())
    if places.postgres_data.exists() or not former:
        return
    problem = f"The data in {former[-1]} is not for the PostgreSQL {places.postgres_data.name[2:]} of this hub"
    if places.nightly_dump.exists():
        raise RuntimeSetupError(
            f"{problem}: run `./hub restore {places.nightly_dump}` to go on from its last nightly backup, or go back to"
            " the former version and take a newer one with `./hub backup FILE` first."
        )
    raise RuntimeSetupError(
        f"{problem}: go back to the former version, run `./hub backup FILE`, and then `./hub restore FILE` here."
    )
