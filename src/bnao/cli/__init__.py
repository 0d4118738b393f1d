"""The command line: thin commands over the library. Imports no torch until a command needs it."""

from bnao.cli.main import main as main
