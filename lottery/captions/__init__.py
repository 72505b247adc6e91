"""What Snakemake's HTML report says of figures, tables and claims, read when the report is made.

A caption describes what was run: it reads the spec in a result's header, not the config, which may
have changed since. The templates in `workflow/report` put it into sentences and tables. A caption
is a param of a rule, so it is light to make and reads nothing until a template asks for it.
"""

from lottery.captions.claims import ClaimsCaption
from lottery.captions.figure import FigureCaption

__all__ = ["ClaimsCaption", "FigureCaption"]
