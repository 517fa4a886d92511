"""Review by people: tasks out, votes in, decisions; files are the only meeting point.

Label Studio's task and export JSON are read and written; a server is not talked to. Votes count
alike: how good a single reviewer is does not enter a decision.
"""
