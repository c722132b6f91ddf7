"""Where schedules are played one after the other: a sandbox, and whoever calls it, on the time of a stage."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from pixel.sandbox.clock import Clock
from pixel.sandbox.sandbox import Sandbox
from pixel.wake.handler import PATIENT

from .stage import Stage
from .wire import Wire

BEGIN = 1_800_000_000.0
"""The epoch second at which a stage's time begins."""


class Theatre:
    """A sandbox whose time is a stage's; the stage is new for every schedule.

    One for each process: moto keeps its account in module globals.
    """

    def __init__(self, folder: Any) -> None:
        self.stage = Stage(BEGIN)
        clock = Clock(lambda: self.stage.now, lambda: self.stage.now, lambda _: None)
        self.sandbox = Sandbox(folder, clock=clock)
        self.state = self.sandbox.state()
        self._warm_up()

    def _warm_up(self) -> None:
        """Call each service once: what moto makes at the first call takes random numbers that later ones leave."""
        wire = Wire(self.stage, self.sandbox.application, lambda *_: 0.0, random.Random(0))
        with wire.in_place():
            self.client("dynamodb", PATIENT).list_tables()
            self.client("ec2", PATIENT).describe_vpcs()
            self.client("route53", PATIENT).list_hosted_zones()

    def client(self, service: str, config: Config) -> Any:
        """Return a new client of the sandbox."""
        return _session(self.state).client(service, endpoint_url=self.state.endpoint, config=config)


@cache
def loader() -> Any:
    """Return what reads botocore's descriptions of AWS, which takes long, and so is kept."""
    return botocore.session.Session().get_component("data_loader")


def _session(state: Any) -> boto3.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", loader())
    return boto3.Session(
        aws_access_key_id=state.access_key,
        aws_secret_access_key=state.secret_key,
        region_name=state.region,
        botocore_session=core,
    )
