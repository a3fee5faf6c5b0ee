"""The timeline of `reminders why`: what happened to a patient's messages, and the rule behind every line (promise 6).

`history` is what is stored, `events` are the lines, `…_lines` make them of each kind of fact, `rules` words why a touch
stands where it stands, and `timeline` puts all of it in order and says what comes next.
"""
