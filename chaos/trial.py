"""What a trial brings: facts, answers, and the comparison that decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chaos.compare import Compared, compare
from chaos.events import Events
from chaos.processes import Receiver, ciokit
from chaos.sending import Sent, acknowledged


@dataclass(frozen=True)
class Sizes:
    """How much is tried: kills, events a second, seconds without a store, bad requests, slow clients, good events."""

    kills: int = 100
    seed: int = 1
    rate: float = 300.0
    seconds: float = 10.0
    outage: float = 60.0
    forged: int = 10_000
    slow: int = 800
    good: int = 1_000


@dataclass(frozen=True)
class Outcome:
    """How a trial went. `wrong` says what should not have been, besides what the comparison counts."""

    name: str
    compared: Compared
    answers: Counter[str]
    facts: Sequence[str] = ()
    wrong: Sequence[str] = field(default_factory=tuple[str, ...])

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, doubled, forged or otherwise wrong."""
        return not (self.compared.differences or self.wrong)


def settle(
    name: str,
    receiver: Receiver,
    folder: Path,
    sent: Sent,
    events: Events,
    *,
    facts: Sequence[str] = (),
    wrong: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
    settings: Path | None = None,
) -> Outcome:
    """End the receiver in order, commit what is left, compare; `options` and `settings` tell how to reach a store."""
    problems = [*wrong, *unwanted(sent.answers)]
    if sent.waiting:
        problems.append(f"{sent.waiting} events were never acknowledged")
    if (code := receiver.stop()) != 0:
        problems.append(f"told to end, the receiver ended with {code}")
    where = ["--journal", str(receiver.journal), "--delta", str(receiver.tables)]
    where += ["--storage-options", str(settings)] if settings else []
    codes = {name: ciokit(folder / "commands.log", "webhooks", name, *where) for name in ("commit", "verify")}
    problems += [f"`ciokit webhooks {name}` ended with {code}" for name, code in codes.items() if code]
    found = compare(str(receiver.tables), events, acknowledged(folder), sent.issued, options)
    return Outcome(name, found, sent.answers, facts, problems)


def unwanted(answers: Counter[str]) -> list[str]:
    """Return what is wrong with the answers: a forgery taken, a 5xx other than 503, a genuine one refused."""
    return [f"{count} times {answer}" for answer, count in answers.items() if not _allowed(answer)]


def _allowed(answer: str) -> bool:
    if answer.startswith("forged: "):
        return answer in ("forged: 401", "forged: 503")
    return answer in ("200", "503") or not answer.isdigit()


def report(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the table at the end, line by line."""
    yield ""
    heads = ("acknowledged", "missing", "doubled", "forged", "altered", "quarantined")
    yield f"{'TRIAL':<30}" + "".join(f"{head:>13}" for head in heads)
    for outcome in outcomes:
        found = outcome.compared
        counts = (found.acknowledged, found.missing, found.doubled, found.foreign, found.altered, found.quarantined)
        yield f"{outcome.name:<30}" + "".join(f"{count:>13,}" for count in counts)
    for outcome in outcomes:
        yield ""
        yield outcome.name
        answers = ", ".join(f"{count:,} x {answer}" for answer, count in sorted(outcome.answers.items()))
        yield f"  answers      {answers}"
        yield from (f"  {fact}" for fact in outcome.facts)
        yield from (f"  WRONG        {problem}" for problem in outcome.wrong)
    yield ""
    bad = [outcome.name for outcome in outcomes if not outcome.sound]
    yield (
        f"FAILED: {', '.join(bad)}"
        if bad
        else "Nothing acknowledged is missing, nothing is there twice, nothing is forged."
    )
