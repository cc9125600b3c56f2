"""Puts the bytecode of what a service imports into its image, when the image is built.

    python -m infra.docker.precompile api_server.__main__ 'consumers.*'

A container's root is read-only, so that it can keep none: every start would compile some thousand files, two seconds of
a core for the API server alone. Only what is imported is compiled: a whole environment's bytecode is large. `name.*` is
a package with all below it. Nothing of this project does anything when it is imported.
"""

import importlib
import pkgutil
import sys

OURS = ("api_server", "camera_client", "common", "consumers", "infra", "producer_service", "signalling")


def modules_of(name: str) -> list[str]:
    """A module's own name; for `package.*` the package and all below it. Raises ModuleNotFoundError."""
    if not name.endswith(".*"):
        return [name]
    package = name.removesuffix(".*")
    below = pkgutil.walk_packages(importlib.import_module(package).__path__, prefix=f"{package}.")
    return [package, *(module.name for module in below)]


def main(names: list[str]) -> None:
    sys.dont_write_bytecode = False
    for name in names:
        for module in modules_of(name):
            try:
                importlib.import_module(module)
            except ModuleNotFoundError as error:
                # What only developers install, as for training a network.
                if module == name or (error.name or "").partition(".")[0] in OURS:
                    raise
                sys.stdout.write(f"{module} is left out: {error}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
