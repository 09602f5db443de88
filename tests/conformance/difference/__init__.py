"""One script of protocol calls, played against slapmaster and against the real slapproxy.

`life.py` makes up sensible calls from what was told so far, `peers.py` sends each (`step.py`) to both
masters, `answers.py` makes their answers comparable, `known.py` is the one table of the differences that
are known and why, and `play.py` puts these together. `differential.py`, beside this folder, is the program.
"""
