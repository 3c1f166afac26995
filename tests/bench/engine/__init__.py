"""The engine beside its peers, on damage made from seeds.

    .venv/bin/python -m tests.bench.engine [find] [fill] [tone] [grain] [enlarge] [clean] [chain] [size]

prints one table for each word, or all. Pictures, damage and seeds are the same in every
run; times can be compared within one run only.
"""
