"""What `reminders doctor` knows: facts as they were found, the table of faults, and the judging of one by the other.

`facts` are plain values, `codes` names what can be wrong, `faults` says what each means and what to do, `findings` are
the lines of the answer, and `judge_…` make findings of facts.
"""
