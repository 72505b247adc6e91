"""Whether a results folder is what it says it is: from its files alone, with no run at hand.

`check.verify` reads each file once, in an order in which what a file was made from comes before
it, and holds it against its own header, its place, its origins and its neighbours. Each kind of
result has a module with a check: it yields, in words, what is wrong with a file.
"""
