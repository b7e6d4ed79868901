"""Receives what happens to the campaigns as signed webhooks, in Delta tables, and compares these with what was sent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TypeAlias, get_args

from ciokit import AppClient, ConfigurationError, CustomerIOError
from ciokit.app_api.messages import DeliveryMetric
from ciokit.app_api.reporting_webhooks import WebhookEvent
from ciokit.webhooks.config import WebhookConfig, WebhookConfigManager
from ciokit.webhooks.views import open_tables
from demo.emulator import Control
from demo.journey import Journey
from demo.progress import Meter
from demo.verify import Check

_DAYS = 30  # what was sent since then is asked for; the clock of an emulator may be ahead of this machine's
# A refused connection is tried again after an hour (reporting webhooks, "Timeouts and failures").
_RETRY_SECONDS = 3_600

_AT_ONCE = 16  # webhooks under way
_STOP_SECONDS = 30
_REPORTED = frozenset(get_args(DeliveryMetric))

Row: TypeAlias = tuple[object, ...]


class Receiver:
    """`ciokit webhooks serve` with its journal and tables in a folder; it can be killed and started again."""

    def __init__(self, folder: Path, signing_key: str) -> None:
        self.tables = folder / "tables"
        self._journal = folder / "journal"
        self._log = folder / "receiver.log"
        self._environment = {**os.environ, "CUSTOMERIO_WEBHOOK_SIGNING_KEY": signing_key}
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self.url = ""
        self.since = 0  # in the emulator's seconds: what was sent before was reported to somebody else, if at all

    def start(self) -> None:
        """Start it, the second time on the port of the first."""
        self._process = self._command("serve", "--port", str(self._port), out=subprocess.PIPE)
        with self._process.stdout or nullcontext() as out:
            said = out.readline() if out else ""
        words = [word for word in said.split() if word.startswith("http")]
        if not words:
            raise ConfigurationError(f"the receiver of webhooks did not start: {self._last_words()}")
        self.url = words[0].rstrip(";")
        self._port = int(self.url.rsplit(":", 1)[1].rstrip("/"))

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def commit(self) -> None:
        """Bring what is still in the journal into the tables."""
        if self._command("commit").wait():
            raise ConfigurationError(f"what was received could not be committed: {self._last_words()}")

    def _command(self, name: str, *options: str, out: int | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "ciokit", "webhooks", name]
        command += ["--journal", str(self._journal), "--delta", str(self.tables), *options]
        with self._log.open("a") as log:
            return subprocess.Popen(  # noqa: S603 - our own command line
                command, stdout=out or log, stderr=log, text=True, env=self._environment
            )

    def _last_words(self) -> str:
        return " ".join(self._log.read_text(encoding="utf-8").splitlines()[-3:])


@contextmanager
def receiving(folder: Path, app: AppClient, control: Control) -> Iterator[Receiver]:
    """Serve a receiver, have everything reported to it, and at the end nothing more."""
    receiver = Receiver(folder, control.webhooks()["signing_key"])
    receiver.since = int(control.now())
    control.switch({"webhook_concurrency": _AT_ONCE})
    receiver.start()
    try:
        with _registered(app, receiver.url):
            yield receiver
    finally:
        receiver.stop()


@contextmanager
def _registered(app: AppClient, url: str) -> Iterator[None]:
    """Have everything posted to a URL until the end of the block, also where it breaks off: the emulator may go on."""
    webhook = register(app, url)
    try:
        yield
    except BaseException:
        with suppress(CustomerIOError):  # what broke it off is what is to be told
            WebhookConfigManager(app).delete(webhook)
        raise
    WebhookConfigManager(app).delete(webhook)


def settle(control: Control, meter: Meter) -> int:
    """Wait until every webhook is acknowledged, moving the clock on to the next try; return how many there were."""
    standing = control.webhooks()["total"]
    total: int = standing["acknowledged"] + standing["backlog"]
    meter.begin("receiving webhooks", total)
    while standing["backlog"]:
        before, standing = standing, control.settle(1)["total"]
        if standing["acknowledged"] == before["acknowledged"]:
            control.advance(_RETRY_SECONDS)
        meter.at(standing["acknowledged"])
    meter.end(total)
    return total


def register(app: AppClient, url: str) -> int:
    """Have everything that happens to e-mails and subscriptions posted to a URL, each time; return the webhook's id."""
    wanted = [event for event in get_args(WebhookEvent) if event.startswith(("email_", "customer_"))]
    config = WebhookConfig(name="Demo", endpoint=url, events=wanted, full_resolution=True)
    return WebhookConfigManager(app).ensure(config).webhook["id"]


def compare(journey: Journey, receiver: Receiver, app: AppClient, acknowledged: int, meter: Meter) -> list[Check]:
    """Compare the tables with the data set, with what the App API says of each delivery, and with what was taken."""
    meter.begin("reading deliveries", journey.received.num_rows)
    happened: set[Row] = set()  # a page may repeat what the one before had
    for message in app.messages.find(start_ts=receiver.since, end_ts=receiver.since + _DAYS * 86_400, limit=1000):
        metrics = message.get("metrics", {})
        happened |= {(message["id"], metric) for metric in metrics if metric in _REPORTED}
        meter.at(len(happened))
    meter.end(journey.received.num_rows)
    session = open_tables(str(receiver.tables))
    sent = session.execute("SELECT broadcast_id, id FROM webhook_deliveries").fetchall()
    # A change of subscription that a message brought about is an event about e-mail too, without a delivery.
    reported = session.execute(
        "SELECT DISTINCT delivery_id, metric FROM webhook_email_events WHERE delivery_id IS NOT NULL"
    ).fetchall()
    stored, distinct = session.execute("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM webhook_raw_events").fetchall()[
        0
    ]
    received = [(row["campaign_id"], str(row["household_id"])) for row in journey.received.to_pylist()]
    return [
        Check.of("campaign mails in the tables", received, sent),
        Check.of("what became of each mail", happened, reported),
        Check("webhooks in the tables", acknowledged, stored, abs(acknowledged - stored)),
        Check("webhooks stored twice", 0, stored - distinct, stored - distinct),
    ]


def summary(receiver: Receiver) -> Iterator[str]:
    """Yield what the views say of the campaigns."""
    session = open_tables(str(receiver.tables))
    row = session.execute(
        "SELECT COUNT(*), SUM(sent), SUM(delivered), SUM(opened), SUM(clicked), SUM(converted), SUM(unsubscribed),"
        " SUM(bounced), SUM(dropped) FROM campaign_performance"
    ).fetchall()[0]
    names = ("delivered", "opened", "clicked", "converted", "unsubscribed", "bounced", "more dropped before sending")
    became = ", ".join(f"{count:,} {name}" for name, count in zip(names, row[2:], strict=True))
    yield f"campaigns    {row[0]:,} with {row[1]:,} mails: {became}"
