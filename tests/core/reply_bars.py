"""What the readings of labelled replies must reach: of each half whole, of one examination, and of a sample.

The bars of samples are what the readings reach today, to the last reply. Who changes readings or replies writes down
anew what they reach then, beside the bars of the whole: `python3 -m tests.core.reply_scores --half … --sample`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Bar:
    """What replies must reach at least, and what may be wrong in them at most; or what they reached."""

    accuracy: float = 0.97
    missed_opt_outs: int = 0
    missed_red_flags: int = 0
    false_confirms: int = 0
    false_opt_outs: int = 3
    false_scores: int = 0

    def missed_by(self, reached: Bar) -> list[str]:
        """Name the figures that are worse than they may be."""
        most = [field.name for field in fields(self) if field.name != "accuracy"]
        worse = [name for name in most if getattr(reached, name) > getattr(self, name)]
        return (["accuracy"] if reached.accuracy < self.accuracy else []) + worse


BARS = {
    "tuning": Bar(),
    # Below the bar, and known to be: what it reaches today on 7,209 replies, so that it cannot fall back unseen.
    "held_back": Bar(0.9708, 1, 3, 4, 13, 4),
    # The same, of 7,569 that were mostly written to be hard: despair, half a wish to be left alone, figures of speech.
    "set_aside": Bar(0.9225, 8, 12, 6, 23, 2),
}
EXAMINATIONS = {
    "exam14c": Bar(),
    "exam15c": Bar(),
    "exam15d": Bar(),
    "exam16c": Bar(),
    "exam18c": Bar(),
    "exam18d": Bar(),
    "exam19b": Bar(),
    # Not there yet, likewise.
    "v12c": Bar(false_scores=2),
    "exam16d": Bar(0.946, missed_opt_outs=1),
    "exam17c": Bar(0.951),
    "exam17d": Bar(0.954),
    "exam19a": Bar(0.966, false_confirms=2),
}
"""500 replies each, by somebody who had read the specification and saw nothing of ours; nothing is learned of them.

Of those from 17 on, what others had written before them is left out: the easy ones.
"""

SAMPLE_BARS = {
    "tuning": Bar(0.996, false_opt_outs=0),
    "held_back": Bar(0.98, false_opt_outs=0),
    "set_aside": Bar(0.946, missed_red_flags=1, false_opt_outs=1, false_scores=1),
}
"""What the samples reach today, to the last reply: see above."""
