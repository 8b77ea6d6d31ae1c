"""The command line. Results go to stdout, everything else to stderr.

Exit status: 0 done; 1 some messages refused or invalid (or a difference found); 2 wrong usage; 3
the store cannot be used; 4 the output cannot be written; 130 interrupted from the keyboard; 141 the
reader of the output has closed it.
"""

from orderledger.cli.main import main

__all__ = ["main"]
