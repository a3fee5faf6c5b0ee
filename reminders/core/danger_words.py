"""Words of danger by which a text that cannot be read calls staff all the same (requirement 45). Data, to be extended.

The reader of replies knows many more, and what takes them back. It is what failed where these are asked: a false alarm
costs a call, a missed one a life, so nothing here is denied or excused. Compared without case, accents and punctuation.
"""

from __future__ import annotations

import re

from reminders.core.opt_out_words import without_signs

ENGLISH = (
    # Of one's own life, or of its end.
    r"suicid\w*|(kill\w*|hurt\w*|harm\w*|cut\w*|shoot\w*|hang\w*) (myself|himself|herself|themsel\w+|me)",
    r"(end|ending|take|taking) (my|his|her|their) (own )?life|end it all|dying",
    r"(want|wanna|wants|going|gonna) (to )?die|(want|desire) to live",
    r"alive|better (off )?(dead|without me)|(reason|point) (to|in|of) (\w+ )?(li\w+|stick\w*|keep\w*|go\w*|stay\w*|be)",
    r"(was|were|am|be|being|im) (gone|dead)|done (for good|being)|disappear\w*|ways to go|last day",
    r"overdos\w*|od(ed|ing)|pills?|bottle|relapsed?|end of (my|the) rope|never w[oa]ke up|wont be (here|around)",
    # Breath, heart and head.
    r"breath\w*|no air|chok(e|es|ing)|gasp\w*|(lips|face|skin) (\w+ ){0,2}(blue|gr[ae]y|purple)",
    r"chest|sternum|heart|stroke|seizures?|convuls\w*|droop\w*|slurr\w*|shaking|rolled back|twitch\w*",
    r"(pass\w*|black\w*|knocked|nod\w*) (out|off)|faint(ed|ing)?|un(conscious|responsive)|collapsed",
    r"on the (\w+ )?floor|not (respond|answer|wak|mov)ing|wont wake",
    r"(cant|cannot|couldnt) (wake|swallow|see|speak|move|pee|feel)",
    r"(fell|hit|struck|bumped|banged) (\w+ ){0,6}head|thunderclap|worst headache|went (dark|black|blind|sideways)",
    r"(bp|blood pressure|pressure) (\w+ ){0,3}[12]\d\d",
    # Allergy and blood.
    r"anaphyla\w*|allergic reaction|throat|(tongue|face|lips?|mouth|eyes?) (\w+ ){0,3}(swell\w*|swo\w+|big|huge)",
    r"bleed\w*|blood",
    # At the wheel, and help.
    r"(at|behind) the wheel|swerv\w*|crashed|backed into|911|999|emergency|ambulance|paramedics?|the er",
)
SPANISH = (
    r"mat(ar|arme|arse|o)|suicid\w*|lastimar(me|se)|cortar(me|se)|ahorcar(me|se)",
    r"(quitar|acabar)\w* (\w+ )?(la|mi|su) vida|(hacer|hago)\w* dano|sobredosis|pastillas",
    r"(quiero|quisiera|quiere|voy a|me voy a) mor\w+|me muero|se muere",
    r"no (quiero|quiere) (seguir )?viv\w+|(sentido|ganas) (a|de|para) (\w+ )?viv?\w*|estorbo|en el cielo|se acaba todo",
    r"respir\w*|aire|aliento|ahog\w+|pecho|pexo|corazon|infarto|derrame|convuls\w*|temblar|temblando",
    r"desmay\w*|inconsciente|no (se )?(responde|despierta|reacciona|levanta)|(cayo|cai) (\w+ ){0,8}cabeza",
    r"garganta|(lengua|cara|labios?) (\w+ )?(hinch|inflam)\w*|(hinch|inflam)\w* (\w+ ){0,2}(lengua|cara|labios?)",
    r"presion (\w+ ){0,4}[12]\d\d|reaccion alergica|anafila\w*|sangr\w*|emergencia|ambulancia|auxilio",
)
_DANGER = re.compile("|".join(rf"\b(?:{one})\b" for one in (*ENGLISH, *SPANISH)))


def sounds_like_danger(text: str) -> bool:
    """Say whether a text has words of danger in it, whatever stands beside them."""
    return _DANGER.search(without_signs(text)) is not None
