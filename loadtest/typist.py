"""Owns the model of a person who types: words in bursts, pauses, slips and corrections, a cursor that moves.

Pure: everything comes from the random source that is handed in, so one seed gives one person.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_WORDS = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or had an which you "
    "were her all she there would their we him been has when who will more no if out so said what up its about into "
    "than them can only other new some could time these two may then do first any my now such like our over man me "
    "even most made after also did many before must through years where much your way well down should because each "
    "document paragraph figure meeting results tomorrow naïve café übung данные 文書"
).split()
_KEY_S = 0.18
"""Median time between two keys of somebody who types about 60 words a minute."""
_KEY_SPREAD = 0.35
_WORD_PAUSE, _SENTENCE_PAUSE, _THOUGHT = 0.06, 0.5, 0.15
"""Chances of a pause before a word and after a sentence, and that the latter is a long one."""
_SLIP, _SELECT, _JUMP, _NEW_LINE = 0.05, 0.03, 0.06, 0.25
"""Chances of a slip in a word, of deleting some words at a word's start, of moving the cursor, of a new paragraph."""


@dataclass(frozen=True, slots=True)
class Keystroke:
    """One change as a person makes it: first the cursor moves, then is deleted, then is inserted."""

    after_s: float
    """Since the one before."""
    move_to: int | None = None
    """New place of the cursor, in characters from the start of the person's own text."""
    delete: int = 0
    """So many characters before the cursor."""
    insert: str = ""

    @property
    def edits(self) -> bool:
        return bool(self.delete or self.insert)


class Typist:
    """One person; asked for the next keystroke again and again."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._keys: list[Keystroke] = []
        """What is decided already, last first."""

    def next(self, length: int, cursor: int) -> Keystroke:
        """What is done now in a text of this length with the cursor there."""
        if not self._keys:
            self._keys = self._decide(length, cursor)[::-1]
        return self._keys.pop()

    def next_edit(self, length: int, cursor: int) -> Keystroke:
        """As `next`, but cursor moves are folded into the edit that follows them."""
        first = self.next(length, cursor)
        if first.edits:
            return first
        edit = self.next(length, cursor if first.move_to is None else first.move_to)
        return Keystroke(first.after_s + edit.after_s, first.move_to, edit.delete, edit.insert)

    def _decide(self, length: int, cursor: int) -> list[Keystroke]:
        chance = self._random.random()
        if chance < _SELECT and cursor > 30:
            return [Keystroke(self._key_s() + 0.6, delete=self._random.randint(5, 25)), *self._word()]
        if chance < _SELECT + _JUMP and length > 40:
            target = length if cursor < length else self._random.randint(0, length)
            return [Keystroke(self._key_s() + 1.0, move_to=target), *self._word()]
        return self._word()

    def _word(self) -> list[Keystroke]:
        """A word key by key, with its slips, and what stands behind it."""
        word = self._random.choice(_WORDS)
        pause_s = self._random.uniform(0.4, 2.0) if self._random.random() < _WORD_PAUSE else 0.0
        keys = [Keystroke(self._key_s() + pause_s, insert=word[0])]
        for letter in word[1:]:
            if self._random.random() < _SLIP:
                keys += (
                    Keystroke(self._key_s(), insert=self._random.choice("asdfjkl")),
                    Keystroke(self._key_s() + 0.25, delete=1),
                )
            keys.append(Keystroke(self._key_s(), insert=letter))
        return keys + self._behind_word()

    def _behind_word(self) -> list[Keystroke]:
        if self._random.random() > 0.1:
            return [Keystroke(self._key_s(), insert=" ")]
        end = "\n" if self._random.random() < _NEW_LINE else " "
        pause_s = 0.0
        if self._random.random() < _SENTENCE_PAUSE:
            pause_s = (
                self._random.uniform(3.0, 12.0) if self._random.random() < _THOUGHT else self._random.uniform(0.5, 3)
            )
        return [Keystroke(self._key_s(), insert="."), Keystroke(self._key_s() + pause_s, insert=end)]

    def _key_s(self) -> float:
        return min(1.0, self._random.lognormvariate(0, _KEY_SPREAD) * _KEY_S)
