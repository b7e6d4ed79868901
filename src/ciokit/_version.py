"""The version, read from the installed package."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("ciokit")
except PackageNotFoundError:  # a source tree on the path, not installed
    __version__ = "0+unknown"
