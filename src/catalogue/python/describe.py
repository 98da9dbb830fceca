import inspect
import warnings


def subclasses(cls):
    for sub in cls.__subclasses__():
        yield sub
        yield from subclasses(sub)


def hidden_fields(cls):
    # A property of instances; where it depends on the values there is nothing to tell.
    try:
        return sorted(set(cls.model_construct().hidden_fields))
    except Exception:
        return None


def describe(cls):
    from orangeqs.juice.schemas.tasks import IPythonTask
    from orangeqs.juice.task import Task
    ipython = issubclass(cls, IPythonTask)
    base = IPythonTask if ipython else Task
    out = {
        "type": cls.__name__,
        "class": cls.__name__,
        "module": cls.__module__,
        "parallel": bool(getattr(cls, "parallel", False)),
        "show_in_dashboard": bool(getattr(cls, "show_in_dashboard", True)),
        "hidden_fields": hidden_fields(cls),
        "doc": inspect.cleandoc(cls.__doc__) if cls.__doc__ else None,
        "ipython": ipython,
        "custom_display_name": getattr(cls, "display_name", None) is not getattr(base, "display_name", None),
        "schema": None,
    }
    try:
        out["type"] = cls.type()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out["schema"] = cls.model_json_schema(mode="validation")
    except Exception as error:
        out["schema_error"] = type(error).__name__ + ": " + str(error)
    if ipython:
        out["code"] = "computed" if "code" in cls.model_computed_fields else "field"
    return out
