

import importlib
import json
import os
import signal
import sys
import threading
import types

# What imports print, also from C, is for people: the answer has a way of its own. So has the request, so that an
# import that reads standard input finds it empty and not our line.
answers = os.fdopen(os.dup(1), "w", encoding="ascii")
os.dup2(2, 1)
requests = os.fdopen(os.dup(0), "rb")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
if sys.path and sys.path[0] == "":
    del sys.path[0]  # The folder where juicetop was started has no say in what is imported.


def tell(what):
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def end_with_juicetop():
    requests.read()
    os.killpg(0, signal.SIGKILL)


def said(error):
    text = str(error)
    return type(error).__name__ + (": " + text if text else "")


def load(entrypoint):
    module, _, name = entrypoint.partition(":")
    if not (module and name):
        raise ValueError(f"{entrypoint!r} is no entrypoint: those are written MODULE:CLASS")
    return getattr(importlib.import_module(module), name)


def code_in(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from code_in(constant)


def mentioned(service):
    """The task classes that a service's own code names, as its `register_handler` calls do."""
    from orangeqs.juice.task import Task
    found = {}
    for owner in service.__mro__:
        module = sys.modules.get(owner.__module__)
        for member in vars(owner).values():
            function = getattr(member, "__func__", member)
            if not inspect.isfunction(function):
                continue
            for code in code_in(function.__code__):
                values = [getattr(module, name, None) for name in code.co_names]
                for inner in [value for value in values if inspect.ismodule(value)]:
                    values += [getattr(inner, name, None) for name in code.co_names]
                for cls in values:
                    if inspect.isclass(cls) and issubclass(cls, Task) and cls is not Task:
                        if not cls.__name__.startswith("_"):
                            found.setdefault(cls, owner.__name__)
    return found


def catalogue(services):
    from orangeqs import juice
    from orangeqs.juice.task import Task
    out = {"juice": juice.__version__, "python": sys.version.split()[0], "services": {}, "tasks": []}
    classes = {}
    for name, entrypoint in services.items():
        tell({"importing": name, "entrypoint": entrypoint})
        about = out["services"][name] = {"entrypoint": entrypoint}
        try:
            service = load(entrypoint)
            handled = mentioned(service)
            about["kind"] = "ipython" if any(c.__name__ == "IPythonService" for c in service.__mro__) else "plain"
            about["tasks"] = {c.__module__ + ":" + c.__name__: owner for c, owner in handled.items()}
            classes.update(dict.fromkeys(handled))
        except BaseException as error:  # a module may call sys.exit
            about["error"] = said(error)
    for cls in subclasses(Task):
        if not cls.__name__.startswith("_"):
            classes.setdefault(cls)
    out["tasks"] = [describe(cls) for cls in classes]
    return out


def envelope(cls, text):
    # As the service does it: first JSON, then the class.
    task = cls.model_validate(json.loads(text))
    aside = {"parallel", "display_name", "show_in_dashboard"}
    return {
        "type": task.type(),
        "metadata": {key: getattr(task, key) for key in ("parallel", "display_name", "show_in_dashboard")},
        "payload": task.model_dump(mode="json", exclude=aside),
    }


def envelopes(name, payloads):
    """One answer for each payload, as soon as it is made: what the class refuses holds up none of the others."""
    tell({"importing": name, "entrypoint": name})
    cls = load(name)
    tell({"imported": name})
    for text in payloads:
        try:
            tell({"answer": envelope(cls, json.loads(text))})
        except BaseException as error:
            tell({"refused": type(error).__name__, "message": str(error)})


def main():
    tell({"juicetop": 1})
    request = json.loads(requests.readline())
    # All of them now: what is read later only tells that juicetop has ended.
    payloads = [requests.readline() for _ in range(request.get("payloads", 0))]
    threading.Thread(target=end_with_juicetop, daemon=True).start()
    try:
        import orangeqs.juice.task
    except BaseException as error:
        return tell({"no_juice": said(error)})
    try:
        if "envelope" in request:
            envelopes(request["envelope"], payloads)
        else:
            tell({"answer": catalogue(request["services"])})
    except BaseException as error:
        tell({"error": type(error).__name__, "message": str(error)})


main()
sys.stderr.flush()
os._exit(0)  # Not held up by threads that an import has left.
