"""`bench`, a plain Juice service for the tests: a task for every way in which a task can end.

The classes come first (what a catalogue shows), then what they do. `Plot` is for an IPython service.
"""

import asyncio
import enum
import sys
from typing import Any, ClassVar, Literal, Optional

from orangeqs.juice.schemas.tasks import IPythonTask
from orangeqs.juice.task import Task
from pydantic import BaseModel, Field, computed_field, field_validator

from kinds import Kinds

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup  # installed with IPython there


class Band(str, enum.Enum):
    """Where the resonator lives."""

    L = "L"
    S = "S"
    X = "X"


class Sweep(BaseModel):
    """An evenly spaced sweep."""

    start: float = 0.0
    stop: float = 1e-4
    points: int = Field(101, ge=2, le=10_001)


class Measure(Task):
    """Measure the decay of one qubit (made up: answers at once)."""

    qubit: str = Field(pattern=r"^q\d+$", examples=["q3"])
    averages: int = Field(1000, ge=1, le=1_000_000)
    sweep: Sweep = Sweep()
    band: Band = Band.S
    mode: Literal["fast", "careful"] = "fast"
    note: Optional[str] = None


class Slow(Task):
    """Take some time, sequentially."""

    seconds: float = Field(1.0, ge=0, le=3600)


class SlowParallel(Slow):
    """Take some time, beside everything else."""

    parallel: ClassVar[bool] = True


class Fail(Task):
    """Fail in one of many ways."""

    how: Literal["plain", "chain", "group", "recursion", "notes", "syntax", "hostile", "empty", "cancelled"] = "plain"


class Odd(Task):
    """Answer with something that strict JSON or a careless reader does not expect."""

    what: Literal["nan", "bigint", "surrogate", "deep", "unserialisable", "like_error", "controls", "null"] = "nan"
    parallel: ClassVar[bool] = True


class Big(Task):
    """Answer with a list of numbers, or with a text of quotes, about `size` bytes long."""

    size: int = Field(1_000_000, ge=1, le=60_000_000)
    quotes: bool = False
    parallel: ClassVar[bool] = True


class Connect(Task):
    """A task with a secret: hidden in its name, in clear in its payload."""

    user: str
    password: str
    parallel: ClassVar[bool] = True

    @property
    def hidden_fields(self) -> set[str]:
        """Keeps the password out of the display name."""
        return super().hidden_fields | {"password"}


class Tick(Task):
    """A task that dashboards hide."""

    value: int = 1
    parallel: ClassVar[bool] = True
    show_in_dashboard: ClassVar[bool] = False


class Plot(IPythonTask):
    """A cell with a value, or with an error if `good` is false."""

    points: int = 3
    good: bool = True

    @field_validator("points")
    @classmethod
    def some(cls, points: int) -> int:
        """No schema can tell this: only the class refuses it."""
        if points == 13:
            raise ValueError("an unlucky number of points")
        return points

    @computed_field
    @property
    def code(self) -> str:
        """What the kernel runs."""
        return f"[n * n for n in range({self.points})]" if self.good else f"{self.points} / 0"


class BenchError(Exception):
    """An error of the bench's own."""


HOSTILE = "red \x1b[31m bell \x07 title \x1b]0;owned\x07 clear \x1b[2J c1 \x9b31m bidi \u202egnp.exe\u202c cr one\rtwo tab\t end"


def fail(how: str) -> None:
    """Raises."""
    if how == "plain":
        raise ValueError("the fridge is warm")
    if how == "chain":
        try:
            try:
                {}["T1"]
            except KeyError as error:
                raise ConnectionError("no answer from the digitizer") from error
        except ConnectionError:
            raise BenchError("calibration failed for q3")
    if how == "group":
        raise ExceptionGroup("two channels failed", [ValueError("channel 1"), ExceptionGroup("inner", [OSError(5, "channel 2")])])
    if how == "recursion":
        fail(how)
    if how == "notes":
        error = BenchError("with notes")
        error.__notes__ = ["first note", "second note\nof two lines"]
        raise error
    if how == "syntax":
        compile("sweep = [1, 2\nrun(sweep)\n", "<recipe>", "exec")
    if how == "hostile":
        raise BenchError(HOSTILE)
    if how == "empty":
        raise BenchError
    raise asyncio.CancelledError("stopped by the bench")


def odd(what: str) -> Any:
    """The strange value of that name."""
    if what == "deep":
        value: Any = "bottom"
        for _ in range(300):
            value = [value]
        return value
    return {
        "nan": {"mean": float("nan"), "limits": [float("-inf"), float("inf")]},
        "bigint": {"counter": 2**80, "small": -(2**63)},
        "surrogate": {"text": "half \ud800 a pair"},
        "unserialisable": {"a", "set"},
        "like_error": {"status": "error", "ename": "NotAnError", "evalue": "only data"},
        "controls": {"text": HOSTILE},
        "null": None,
    }[what]


async def slow(task: Slow) -> dict[str, float]:
    """Waits without holding up the other tasks of the process."""
    await asyncio.sleep(task.seconds)
    return {"slept": task.seconds}


def measure(task: Measure) -> dict[str, Any]:
    """A plausible answer that tells what was asked."""
    return {"qubit": task.qubit, "t1": 4.2e-05, "averages": task.averages, "points": task.sweep.points, "band": task.band}


class Bench(Kinds):
    """The service: handlers for the tasks above, and for those of `kinds`."""

    def __init__(self, service_name: str) -> None:
        super().__init__(service_name)
        self.register_handler(Measure, measure)
        self.register_handler(Slow, slow)
        self.register_handler(SlowParallel, slow)
        self.register_handler(Fail, lambda task: fail(task.how))
        self.register_handler(Odd, lambda task: odd(task.what))
        self.register_handler(Big, lambda task: '"' * (task.size // 2) if task.quotes else [0.125] * (task.size // 7))
        self.register_handler(Connect, lambda task: f"welcome, {task.user}")
        self.register_handler(Tick, lambda task: task.value)

    def start(self) -> None:
        """Serves until the process ends."""
        super().start()
        self.loop.run_forever()
