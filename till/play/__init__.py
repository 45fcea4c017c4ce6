"""The script port: cashier actions, one JSON object a line, through the same presenters as the screens (7-commands).

Money is an integer of minor units, quantities are decimal strings. The groups of commands stand side by side, one file
each; `port` collects them.
"""

from till.play.fields import LINE_LENGTH_MAX
from till.play.port import Player, play
from till.play.stage import Stage

__all__ = ["LINE_LENGTH_MAX", "Player", "Stage", "play"]
