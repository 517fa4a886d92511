"""Review by people: tasks out, votes in, decisions; files and a table of votes are the borders.

Label Studio is where people work: on a server that push fills and pull reads, or through its task
and export files.
"""
