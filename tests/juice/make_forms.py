"""Writes what is made from `kinds.py` by the real Python: run it in an environment with Juice after changing that file.

    python make_forms.py CATALOGUE_SCRIPT

`CATALOGUE_SCRIPT` is the script that lists task types. It writes `src/demo/forms.json` (the types of the demonstration's `forms`)
and `tests/cases/kinds.samples.jsonl`: payloads with what pydantic says to each.
"""

import json
import pathlib
import subprocess
import sys

import kinds
from pydantic import ValidationError

HERE = pathlib.Path(__file__).parent

# Payloads as text, because some of it no JSON library writes. `!` before one: pydantic is expected to refuse it.
PAYLOADS = {
    "Numbers": """
        {}
        {"averages": 1}
        {"averages": 1000000, "dry": true}
        {"averages": 2000.0}
        {"averages": "2000"}
        {"seed": 1208925819614629174706177}
        {"delay": 1e-9, "frequency": 6.1e9}
        {"limit": NaN}
        {"limit": -Infinity}
        {"step": 92.6}
        {"step": 0.7}
        {"dry": "yes"}
        {"dry": 1}
        {"unknown": 1}
        !{"averages": 0}
        !{"averages": 1000001}
        !{"averages": 2.5}
        !{"averages": "many"}
        !{"averages": null}
        !{"points": 12}
        !{"points": 0}
        !{"amplitude": 1}
        !{"amplitude": 0.0}
        !{"step": 0.35}
        !{"delay": -1e-9}
        !{"frequency": 1}
        !{"dry": 2}
        !{"dry": "perhaps"}
        !{"averages": [], "points": {}, "amplitude": "x"}
    """,
    "Texts": r"""
        {"qubit": "q3"}
        {"qubit": "q3", "label": "a"}
        {"qubit": "q3", "label": "ääääääääääääääääääää"}
        {"qubit": "q3", "script": "", "pair": "é1"}
        {"qubit": "q3", "device": "x7"}
        !{}
        !{"qubit": "r3"}
        !{"qubit": "q3 "}
        !{"qubit": 3}
        !{"qubit": "q3", "label": ""}
        !{"qubit": "q3", "label": "aaaaaaaaaaaaaaaaaaaaa"}
        !{"qubit": "q3", "device": "none"}
        !{"qubit": null}
    """,
    "LookAhead": """
        {}
        {"qubit": "q1"}
        {"twice": "zz", "run": "cal-12"}
        !{"qubit": "q01"}
        !{"twice": "ab"}
        !{"run": "walk-1"}
    """,
    "Choices": """
        {"required": "yes"}
        {"required": "no", "band": "X", "gain": 100, "mode": "", "order": 3}
        {"required": "yes", "mixed": "1"}
        {"required": "yes", "mixed": 1}
        {"required": "yes", "mixed": true}
        {"required": "yes", "mixed": "null"}
        {"required": "yes", "channel": "rack D slot 12", "version": 2}
        !{}
        !{"required": "maybe"}
        !{"required": "yes", "band": "K"}
        !{"required": "yes", "gain": 5}
        !{"required": "yes", "order": 4}
        !{"required": "yes", "mixed": 0}
        !{"required": "yes", "version": 3}
        !{"required": "yes", "channel": "rack E slot 1"}
    """,
    "Optionals": """
        {"qubit": "q1", "repeats": null}
        {"qubit": "q1", "repeats": 3, "attenuation": 20, "label": null, "flag": true, "band": "L"}
        {"qubit": "", "repeats": 0, "window": [1, 2.5]}
        !{"qubit": "q1"}
        !{"repeats": 1}
        !{"qubit": null, "repeats": 1}
        !{"qubit": "q1", "repeats": "x"}
        !{"qubit": "q1", "repeats": 1, "attenuation": 61}
        !{"qubit": "q1", "repeats": 1, "band": "Q"}
        !{"qubit": "q1", "repeats": 1, "window": [1]}
        !{"qubit": "q1", "repeats": 1, "window": [1, 2, 3]}
        !{"qubit": "q1", "repeats": 1, "window": 1}
    """,
    "Nested": """
        {}
        {"axis": {"points": 11}}
        {"axis": {"start": 1, "stop": 2, "points": 10001}, "second": {}}
        {"plan": {"name": "a", "inside": [{"name": "b", "inside": [{"name": "c", "repeat": 5}]}]}}
        !{"axis": {"points": 1}}
        !{"axis": null}
        !{"axis": 3}
        !{"second": {"start": "x"}}
        !{"plan": {"name": "a", "inside": [{"name": "b", "inside": [{"name": ""}]}]}}
        !{"plan": {"name": "a", "inside": [{"repeat": 0}]}}
    """,
    "Lists": r"""
        {}
        {"qubits": ["q1"], "pair": [2, "b"], "many": [], "span": [1.0], "names": ["a", "b"]}
        {"names": ["a", "a"]}
        {"grid": [[]], "amplitudes": {}, "by_index": {"3": {"points": 5}}, "strict_keys": {"q1": 1}}
        {"axes": [{}, {"points": 7}], "amplitudes": {"a.b": 1, "": 2}}
        !{"qubits": []}
        !{"qubits": ["1", "2", "3", "4", "5", "6"]}
        !{"qubits": [1]}
        !{"qubits": "q1"}
        !{"pair": [1]}
        !{"pair": ["a", 1]}
        !{"pair": [1, "a", 2]}
        !{"many": ["x"]}
        !{"names": {}}
        !{"grid": [[1, "x"]]}
        !{"amplitudes": {"q1": "loud"}}
        !{"amplitudes": []}
        !{"by_index": {"3": {"points": 1}}}
        !{"strict_keys": {"r1": 1}}
        !{"axes": [{}, {"points": 0}]}
    """,
    "Unions": """
        {"shape": {"kind": "gauss", "sigma": 1e-8}}
        {"shape": {"kind": "box", "length": 1}}
        {"shape": {"kind": "drag", "base": {"sigma": 2}, "beta": 1}, "fallback": {"kind": "square", "length": 2}}
        {"shape": {"kind": "gauss", "sigma": 1}, "sequence": [{"kind": "gauss", "sigma": 1}, {"kind": "square", "length": 0}]}
        {"shape": {"kind": "gauss", "sigma": 1}, "value": "5"}
        {"shape": {"kind": "gauss", "sigma": 1}, "value": 5}
        {"shape": {"kind": "gauss", "sigma": 1}, "value": 5.5}
        {"shape": {"kind": "gauss", "sigma": 1}, "value": true}
        {"shape": {"kind": "gauss", "sigma": 1}, "value": null, "either": {"points": 3}, "anything": [1, {"a": null}], "json_value": 1}
        !{}
        !{"shape": {"sigma": 1}}
        !{"shape": {"kind": "sine"}}
        !{"shape": {"kind": "gauss", "sigma": 0}}
        !{"shape": {"kind": "drag", "base": {"sigma": -1}}}
        !{"shape": {"kind": "gauss", "sigma": 1}, "sequence": [{"kind": "gauss"}]}
        !{"shape": {"kind": "gauss", "sigma": 1}, "value": []}
        !{"shape": {"kind": "gauss", "sigma": 1}, "either": {"points": 1}}
        !{"shape": {"kind": "gauss", "sigma": 1}, "either": "x"}
        !{"shape": null}
    """,
    "Formats": """
        {"when": "2026-11-25T06:00:00+01:00"}
        {"when": "2026-11-25T06:00"}
        {"when": 1790000000}
        {"when": "2026-11-25T06:00Z", "wait": "00:01:30"}
        {"when": "2026-11-25T06:00Z", "wait": 90}
        {"when": "2026-11-25T06:00Z", "price": "0.10"}
        {"when": "2026-11-25T06:00Z", "price": "1E-7"}
        {"when": "2026-11-25T06:00Z", "price": 12}
        {"when": "2026-11-25T06:00Z", "output": "relative/path", "data": "xyz", "phase": "3-4j", "token": "hunter2"}
        {"when": "2026-11-25T06:00Z", "day": "2026-02-28", "at": "23:59", "url": "https://example.org"}
        !{}
        !{"when": "tomorrow"}
        !{"when": "2026-11-25T06:00Z", "day": "2026-02-30"}
        !{"when": "2026-11-25T06:00Z", "at": "25:00"}
        !{"when": "2026-11-25T06:00Z", "wait": "1 min 30"}
        !{"when": "2026-11-25T06:00Z", "price": "1,10"}
        !{"when": "2026-11-25T06:00Z", "price": "-1"}
        !{"when": "2026-11-25T06:00Z", "run_id": "123"}
        !{"when": "2026-11-25T06:00Z", "url": "nowhere"}
        !{"when": "2026-11-25T06:00Z", "phase": "x"}
        !{"when": "2026-11-25T06:00Z", "output": 5}
        !{"when": "2026-11-25T06:00Z", "token": 5}
        !{"when": "2026-11-25T06:00Z", "version": 3}
    """,
    "Made": """
        {"required_list": []}
        {"required_list": [1, 2], "points": [], "tags": {"a": "b"}, "axis": {"points": 5}}
        {"required_list": [], "started": "2026-11-25T06:00:00Z"}
        !{}
        !{"required_list": ["x"]}
        !{"required_list": [], "tags": {"a": 1}}
    """,
    "Login": """
        {"user": "ada", "password": "hunter2"}
        !{"user": "", "password": "x"}
        !{"user": "ada"}
    """,
}


def samples() -> list[dict]:
    """Each payload with pydantic's word on it."""
    out = []
    for name, payloads in PAYLOADS.items():
        task = getattr(kinds, name)
        for line in filter(None, map(str.strip, payloads.splitlines())):
            refused, payload = line.startswith("!"), line.removeprefix("!")
            sample = {"type": name, "payload": payload}
            try:
                name_now = task.model_validate(json.loads(payload)).display_name
                # One that holds this very moment is different each time.
                sample["display_name"] = None if name == "Made" else name_now
            except ValidationError as error:
                sample["evalue"] = str(error)
            assert ("evalue" in sample) == refused, sample
            out.append(sample)
    return out


def main() -> None:
    """Writes both files."""
    listed = subprocess.run(
        [sys.executable, sys.argv[1], "forms=kinds:Kinds"], cwd=HERE, capture_output=True, check=True, env={"PYTHONPATH": str(HERE)}
    )
    catalogue = json.loads(listed.stdout)
    service = catalogue["services"]["forms"]
    service["import_s"] = 0.01
    tasks = [task for task in catalogue["tasks"] if task["module"] == "kinds"]
    for task in tasks:
        task.pop("schema_error", None)
    # In the order of the fields, as Python gave it: it is the form's order.
    forms = json.dumps({"services": {"forms": service}, "tasks": tasks}, indent=1, ensure_ascii=False)
    (HERE / "../../src/demo/forms.json").write_text(forms + "\n", encoding="utf-8")
    lines = [json.dumps(sample, ensure_ascii=False) for sample in samples()]
    (HERE / "../cases/kinds.samples.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


main()
