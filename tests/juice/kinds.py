"""A task for each group of field kinds that pydantic knows. Nothing moves: each answers with what it understood.

`Kinds` registers them; `bench` is such a service, and the demonstration's `forms` has the same types
(`make_forms.py` writes its catalogue).
"""

import datetime
import decimal
import enum
import pathlib
import uuid
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Optional, Union

from orangeqs.juice.service import Service
from orangeqs.juice.task import Task
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, JsonValue, SecretStr


class _Echo(Task):
    """What the tasks below have in common: they run beside others, at once."""

    parallel: ClassVar[bool] = True


class Numbers(_Echo):
    """Numbers of every sort: bounds, steps, exponents, and integers beyond 64 bits."""

    averages: int = Field(1000, ge=1, le=1_000_000, description="How often the measurement is repeated")
    points: int = Field(64, multiple_of=8, gt=0, description="A multiple of 8")
    seed: int = Field(2**80, description="For the random numbers; any size")
    amplitude: float = Field(0.5, gt=0, lt=1, description="Of full scale")
    step: float = Field(0.3, multiple_of=0.1)
    delay: float = Field(1e-9, ge=0, description="Seconds between pulses", json_schema_extra={"unit": "s"})
    frequency: float = Field(5e9, ge=1e6, le=2e10, json_schema_extra={"unit": "Hz"})
    limit: float = Field(float("inf"), description="Stop at this value; inf never stops")
    dry: bool = Field(False, description="Do everything but the measurement")


class Texts(_Echo):
    """Text with lengths and patterns; a pattern is searched for."""

    qubit: str = Field(pattern=r"^q\d+$", description="Qubit label, e.g. q3", examples=["q3"])
    label: str = Field("scan", min_length=1, max_length=20)
    device: str = Field("digit 7 is in here", pattern=r"\d", description="Must hold a digit somewhere")
    script: str = Field("for q in qubits:\n    measure(q)\n", description="Several lines")
    pair: str = Field("aa", pattern=r"^\w{2}$")
    title: str = Field("", title="Title on the plot")


class LookAhead(_Echo):
    """Text with patterns that Rust's regular expressions lack: the service decides."""

    model_config = ConfigDict(regex_engine="python-re")
    qubit: str = Field("q12", pattern=r"^(?!q0)q\d+$", description="Any qubit but q0…")
    run: str = Field("run-1", pattern=r"^(?P<kind>run|cal)-(?P<n>\d+)\Z", description="run-N or cal-N")
    twice: str = Field("aa", pattern=r"^(.)\1$", description="The same letter twice")


class Band(str, enum.Enum):
    """Where the resonator lives."""

    L = "L"
    S = "S"
    X = "X"


class Gain(enum.IntEnum):
    """Of the amplifier."""

    LOW = 1
    MIDDLE = 10
    HIGH = 100


Channel = enum.Enum(
    "Channel", {f"{rack}{slot}": f"rack {rack} slot {slot}" for rack in "ABCD" for slot in range(1, 13)}, module=__name__
)


class Choices(_Echo):
    """Enums and literals of any type."""

    band: Band = Field(Band.S, description="Where the resonator lives")
    gain: Gain = Gain.MIDDLE
    mode: Literal["fast", "careful", ""] = "fast"
    order: Literal[3, 5, 7] = 5
    mixed: Literal[1, "1", True, None, "null"] = None
    channel: Channel = Field(Channel.A1, description="One of 48")
    required: Literal["yes", "no"] = Field(description="Has to be chosen")
    version: Literal[2] = 2


class Optionals(_Echo):
    """Fields that may be left out, be null, or have a value."""

    qubit: str
    repeats: Optional[int] = Field(description="Has to be given, and may be null")
    attenuation: Optional[float] = Field(None, ge=0, le=60, json_schema_extra={"unit": "dB"})
    label: Optional[str] = "default label"
    flag: Optional[bool] = None
    band: Optional[Band] = None
    window: Optional[tuple[float, float]] = None


class Axis(BaseModel):
    """An evenly spaced axis."""

    start: float = 0.0
    stop: float = Field(1e-4, description="The last value, in seconds")
    points: int = Field(101, ge=2, le=10_001)


class Step(BaseModel):
    """A step with steps inside."""

    name: str = Field(min_length=1)
    repeat: int = Field(1, ge=1)
    inside: list["Step"] = []


class Nested(_Echo):
    """Models in models, and one that contains itself."""

    axis: Axis = Axis()
    other_axis: Axis = Field(Axis(start=1.0, stop=2.0), description="The slow one", title="Slow axis")
    plan: Step = Field(Step(name="start"), description="Steps within steps, as deep as you like")
    second: Optional[Axis] = None


class Span(NamedTuple):
    """From and to."""

    start: float
    stop: float = 1.0


class Lists(_Echo):
    """Lists, tuples, sets and maps."""

    qubits: list[str] = Field(["q0", "q1"], min_length=1, max_length=5, description="One to five")
    pair: tuple[int, str] = (1, "a")
    many: tuple[float, ...] = (0.5, 1.0)
    span: Span = Span(0.0)
    names: set[str] = Field({"a"}, description="Each once")
    grid: list[list[float]] = [[1.0, 2.0], [3.0]]
    amplitudes: dict[str, float] = Field({"q1": 0.1}, description="By qubit")
    by_index: dict[int, Axis] = {}
    strict_keys: dict[Annotated[str, Field(pattern=r"^q\d+$")], int] = {}
    axes: list[Axis] = []


class Gauss(BaseModel):
    """A Gaussian pulse."""

    kind: Literal["gauss"] = "gauss"
    sigma: float = Field(gt=0)
    amplitude: float = 1.0


class Square(BaseModel):
    """A square pulse."""

    kind: Literal["square", "box"] = "square"
    length: float


class Drag(BaseModel):
    """A Gaussian pulse with a derivative."""

    kind: Literal["drag"] = "drag"
    base: Gauss
    beta: float = 0.5


Pulse = Annotated[Union[Gauss, Square, Drag], Field(discriminator="kind")]


class Unions(_Echo):
    """One of several: told apart by a tag, or by what fits."""

    shape: Pulse = Field(description="Chosen by its kind")
    fallback: Optional[Pulse] = None
    sequence: list[Pulse] = []
    value: Union[int, float, str, bool, None] = Field(1, description="A number, a text or nothing")
    either: Union[Axis, int] = 1
    anything: Any = None
    json_value: JsonValue = {"a": [1, None]}


class Formats(_Echo):
    """Dates, durations, decimals, paths, secrets and other text with a form."""

    when: datetime.datetime = Field(description="A moment, with its offset")
    day: datetime.date = datetime.date(2026, 3, 29)
    at: datetime.time = datetime.time(2, 30)
    wait: datetime.timedelta = Field(datetime.timedelta(seconds=90), description="90, PT1M30S or 00:01:30")
    price: decimal.Decimal = Field(decimal.Decimal("0.10"), ge=0)
    output: pathlib.Path = pathlib.Path("/data/out put/ü.h5")
    run_id: uuid.UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
    url: AnyUrl = AnyUrl("http://lab:8888/hub")
    data: bytes = b"abc"
    phase: complex = 1 + 2j
    token: SecretStr = Field(SecretStr("s3cret"), description="Goes over the bus in clear")
    version: Literal[2] = 2


class Made(_Echo):
    """Defaults that the service makes itself: they are not in the schema."""

    required_list: list[int]
    points: list[float] = Field(default_factory=lambda: [0.1, 0.2])
    tags: dict[str, str] = Field(default_factory=dict)
    started: datetime.datetime = Field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))
    axis: Axis = Field(default_factory=Axis)


class Login(_Echo):
    """A password that is hidden in the task's name, and in clear on the bus."""

    user: str = Field(min_length=1)
    password: str
    remember: bool = False

    @property
    def hidden_fields(self) -> set[str]:
        """Keeps the password out of the display name."""
        return super().hidden_fields | {"password"}


def understood(task: Task) -> Any:
    """The task's fields as pydantic read them; secrets stay masked."""
    return task.model_dump(mode="json")


class Kinds(Service):
    """Handlers for the tasks above."""

    def __init__(self, service_name: str) -> None:
        super().__init__(service_name)
        self.register_handler(Numbers, understood)
        self.register_handler(Texts, understood)
        self.register_handler(LookAhead, understood)
        self.register_handler(Choices, understood)
        self.register_handler(Optionals, understood)
        self.register_handler(Nested, understood)
        self.register_handler(Lists, understood)
        self.register_handler(Unions, understood)
        self.register_handler(Formats, understood)
        self.register_handler(Made, understood)
        self.register_handler(Login, understood)
