"""Where Juice's files are in the tests: in a folder. Its own paths (/etc/juice/config, /var/run/juice) are constants."""

import os
import pathlib

import orangeqs.juice.settings._loading as loading
import orangeqs.juice.settings._storing as storing


def use(folder: pathlib.Path, who: str) -> None:
    """Lets this process read FOLDER/config (and FOLDER/config-WHO, if there is one) and write FOLDER/run."""
    os.environ["JUICE_IDENTITY"] = f"service-{who}"
    config, run = folder / "config", folder / "run"
    loading.SYSTEM_CONFIG_PATH = str(config)
    storing.SHARED_RUNTIME_PATH = str(run)
    loading.Configurable._lookup_locations = [
        ("path", str(config)),
        ("path", f"{config}-{who}"),
        ("entry_point", loading._EXTENSION_ENTRY_POINT),
    ]
    storing.RuntimeData._lookup_locations = [("path", str(run))]
