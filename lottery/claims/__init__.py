"""The paper's claims as data, and how far the tables of the figures bear them out.

None needs torch. `paper` lists what is claimed, `comparisons` says what is compared, `evidence`
judges it, `scoreboard` puts it in rows.
"""
