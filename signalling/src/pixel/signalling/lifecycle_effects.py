"""What the lifecycle asks of the world. Each may be carried out more than once; the core decides when to ask again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixel.lease.model import Lease


@dataclass(frozen=True)
class ReadLease:
    """Read this member's live lease, and how long it is held. Answer: `lease_read`."""


@dataclass(frozen=True)
class Hot:
    """Write that this member waits, with its application, for whoever claims it. Answer: `hot_written`."""


@dataclass(frozen=True)
class Ready:
    """Write that the streamer is there. Answer: `ready_written` or `lease_lost`."""

    lease: Lease


@dataclass(frozen=True)
class Heartbeat:
    """Extend the lease. Answer: `heartbeat_written` or `lease_lost`."""

    lease: Lease
    players: int


@dataclass(frozen=True)
class Drain:
    """Give the lease up for good, if it is still this member's to give. Answer: `drained`."""

    lease: Lease | None


@dataclass(frozen=True)
class DeleteRecord:
    """Delete this member's own DNS record. Answer: `record_deleted`."""


@dataclass(frozen=True)
class StopInstance:
    """Stop this machine. Answer: `stop_accepted`; the end of it is that the process is killed."""


@dataclass(frozen=True)
class Admit:
    """Let in exactly the holders of this lease's tokens from now on; None: nobody. Others are sent away."""

    lease: Lease | None


@dataclass(frozen=True)
class RefuseNewcomers:
    """Let nobody in any more."""

    reason: str


@dataclass(frozen=True)
class AcceptNewcomers:
    """Take `RefuseNewcomers` back."""


@dataclass(frozen=True)
class CloseAll:
    """Send everybody away."""

    reason: str


Remote = ReadLease | Hot | Ready | Heartbeat | Drain | DeleteRecord | StopInstance
Local = Admit | RefuseNewcomers | AcceptNewcomers | CloseAll
Effect = Remote | Local
