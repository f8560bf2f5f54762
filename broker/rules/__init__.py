"""The rules: each a sentence a person can read, its evidence, its threshold and the source.

No score, rank or colour on a child. A rule reads facts (`broker.model.fact`) and nothing
else; thresholds are data files with an owner and a review date.
"""
