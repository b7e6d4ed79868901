"""Measures what sending costs, against a physical floor and the official client; `make bench` runs it.

Nothing here is a test: the numbers belong to the machine of the day, so only ratios taken in one run are compared.
`docs/benchmarks.md` says what each part measures and why.
"""
