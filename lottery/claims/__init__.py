"""The paper's claims as data, and how far the tables of the figures bear them out.

None of this needs torch. `paper` lists what is claimed, `comparisons` says what is compared, at
which `rounds` of which `curves`; `judges` says when it holds, `evidence` has the statistics,
`verdicts` are drawn from both, a section at a time, and `scoreboard` tabulates them.
"""
