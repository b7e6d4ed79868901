"""The main job on a real data set: a year of shopping becomes people, events and objects, and are read back.

`python -m demo --help` says what can be chosen. Not part of the package that is installed.
"""
